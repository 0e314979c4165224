package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.train.Prompts;
import dev.rlcm.train.Trainer;
import dev.rlcm.train.TrainerConfig;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A policy of one's own, without ONNX and without an adapter: points of the plane that learn where to go. */
@Command(
        name = "custom-policy",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Trains a two-dimensional Gaussian policy written by hand.")
public final class CustomPolicy implements Callable<Integer> {
    private static final Logger log = LoggerFactory.getLogger(CustomPolicy.class);

    /** Minus the squared distance of a point, the red and green of its pixel, from (0.8, -0.3). */
    static final RewardFunction NEARNESS = RewardFunction.each(sample -> {
                double dx = sample.pixels()[0] - 0.8;
                double dy = sample.pixels()[1] + 0.3;
                return -(dx * dx + dy * dy);
            })
            .named("nearness");

    @Option(names = "--epochs", description = "Default: ${DEFAULT-VALUE}.")
    private int epochs = 40;

    public static void main(String[] args) {
        Cli.run(new CustomPolicy(), args);
    }

    @Override
    public Integer call() throws InterruptedException {
        try (Backend backend = new ReferenceBackend()) {
            PlanePolicy policy = new PlanePolicy(backend);
            train(policy, epochs);
            log.info("bias {}", Arrays.toString(policy.parameters().get("bias").toFloats()));
        }
        return 0;
    }

    static void train(PlanePolicy policy, int epochs) throws InterruptedException {
        var config = PpoConfig.defaults().withClipRange(0.2).withLearningRate(2e-2);
        var ppo = PpoOptimizer.of(policy, config.withTrajectoriesPerStep(16).withMinibatch(32));
        var loop = TrainerConfig.defaults().withEpochs(epochs).withTrajectories(64);
        var trainer = new Trainer(policy, ppo, NEARNESS, Prompts.of("a point"), loop);
        trainer.run(report -> log.info("{}: {} {}", report.epoch(), NEARNESS.name(), report.rewardMean()));
    }
}
