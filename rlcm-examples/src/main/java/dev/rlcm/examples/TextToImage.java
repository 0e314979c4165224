package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.Devices;
import dev.rlcm.examples.options.SamplingOptions;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Plain sampling: prompts in, PNGs out. */
@Command(
        name = "text-to-image",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Draws a picture for every prompt.")
public final class TextToImage implements Callable<Integer> {
    @Mixin
    private final SamplingOptions options = new SamplingOptions();

    public static void main(String[] args) {
        Cli.run(new TextToImage(), args);
    }

    @Override
    public Integer call() throws IOException {
        try (Backend backend = Devices.open(options.device)) {
            var model = options.load(backend);
            options.write(model.generate(options.prompts, options.steps, options.guidance, options.seed));
        }
        return 0;
    }
}
