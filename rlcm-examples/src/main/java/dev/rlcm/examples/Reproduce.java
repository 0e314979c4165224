package dev.rlcm.examples;

import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.reproduction.ReproduceOptions;
import dev.rlcm.examples.reproduction.Reproduction;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * The comparisons of the paper (Oertell et al., 2024, section 5 and appendix B): RLCM beside DDPO on every task, several horizons,
 * prompts that were not trained on, and all algorithms on one task, over several seeds. All runs of a comparison have the same
 * reward, prompts, noises of evaluation, and optimiser.
 */
@Command(
        name = "reproduce",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Repeats the paper's comparisons on the embedded models, and writes one page of all figures and tables.")
public final class Reproduce implements Callable<Integer> {
    @Mixin
    private final ReproduceOptions options = new ReproduceOptions();

    public static void main(String[] args) {
        Cli.run(new Reproduce(), args);
    }

    @Override
    public Integer call() throws IOException {
        new Reproduction(options).execute();
        return 0;
    }
}
