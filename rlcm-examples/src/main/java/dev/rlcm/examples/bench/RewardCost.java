package dev.rlcm.examples.bench;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.PromptsOption;
import dev.rlcm.examples.options.RewardExpression;
import dev.rlcm.examples.options.RewardOptions;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What the rewards of an expression cost per picture of the embedded model, each alone, on one thread of the caller. */
@Command(
        name = "RewardCost",
        mixinStandardHelpOptions = true,
        description = "Measures the milliseconds per picture of each reward of --reward.")
public final class RewardCost implements Callable<Integer> {
    @Mixin
    private final RewardOptions rewards = new RewardOptions();

    @Mixin
    private final PromptsOption prompts = new PromptsOption();

    @Option(names = "--batch", description = "Pictures that are scored at once. Default: ${DEFAULT-VALUE}.")
    private int batch = 16;

    @Option(names = "--repeats", description = "How often. Default: ${DEFAULT-VALUE}.")
    private int repeats = 10;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new RewardCost(), args);
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        try (Backend backend = OrtBackend.cpu()) {
            LatentConsistencyModel model = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend);
            List<String> texts = prompts.prompts().draw(batch, RandomStreams.seeded(0));
            out.printf("%-18s %14s %14s%n", "ms per picture", "best", "median");
            for (RewardExpression.Term term : rewards.expression().terms()) {
                RewardFunction reward = rewards.create(term.reward(), backend);
                Times times = new Times();
                for (int i = 0; i <= repeats; i++) {
                    List<Sample> pictures = model.generate(texts, 4, 3, i);
                    long start = System.nanoTime();
                    reward.score(pictures);
                    if (i > 0) { // the first compiles
                        times.add(System.nanoTime() - start);
                    }
                }
                out.printf(
                        "%-18s %14.3f %14.3f%n",
                        term.reward(), times.shortestMillis() / batch, times.medianMillis() / batch);
                out.flush();
            }
        }
        return 0;
    }
}
