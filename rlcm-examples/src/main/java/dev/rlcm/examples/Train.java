package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.examples.run.Runs;
import dev.rlcm.examples.run.StopSignal;
import dev.rlcm.examples.run.TrainingRun;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.train.Trainer;
import dev.rlcm.train.TrainerConfig;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * The main job: fine-tunes a text-to-image model for a reward and leaves a report, pictures, metrics and the adapter
 * in a directory. Ctrl-C ends after the epoch in progress and keeps what was learned.
 */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Fine-tunes a consistency or flow-matching model for a reward by RLCM.")
public final class Train implements Callable<Integer> {
    @Mixin
    private final TrainOptions options = new TrainOptions();

    public static void main(String[] args) {
        Cli.run(new Train(), args);
    }

    @Override
    public Integer call() throws Exception {
        TrainerConfig config = options.trainer();
        Path directory = options.output != null
                ? options.output
                : Runs.directory(options.goal().name());
        try (Backend backend = options.openBackend()) {
            LatentModel model = options.load(backend);
            ConsistencyPolicy policy =
                    model.policy(options.lora(), options.plan(), RandomStreams.seeded(options.seed()));
            PpoOptimizer ppo = PpoOptimizer.of(policy, options.ppo(), options.objective(model, policy, backend));
            RewardFunction reward = options.reward(backend);
            Trainer trainer = new Trainer(
                    policy, ppo, reward, options.trainingPrompts(), config, options.advantages(policy, reward));
            TrainingRun run = new TrainingRun(directory, options, policy, reward, options.shadows(backend));
            StopSignal signal = StopSignal.install(trainer::stop);
            try (signal) {
                run.execute(trainer);
            }
        }
        return 0;
    }
}
