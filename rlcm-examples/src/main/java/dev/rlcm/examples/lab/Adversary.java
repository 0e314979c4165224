package dev.rlcm.examples.lab;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.train.PromptSource;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The main job in a hurry, with nothing that holds it back: what it comes to draw for a score is what the score rates too high. */
final class Adversary {
    private final LatentModel model;
    private final PromptSource prompts;
    private final TrainOptions options;

    /** @param epochs of training */
    Adversary(LatentModel model, PromptSource prompts, int epochs, long seed) {
        this.model = model;
        this.prompts = prompts;
        this.options = TrainOptions.of(List.of(
                "--reward=aesthetic", "--learning-rate=2e-3", "--drift=0", "--epochs=" + epochs, "--seed=" + seed));
    }

    /** Trains a fresh adapter for the score, and returns the pictures of the second half of the epochs. */
    List<Sample> picturesFor(RewardFunction score, Backend backend) throws IOException, InterruptedException {
        List<Sample> pictures = new ArrayList<>();
        RandomStreams initial = RandomStreams.seeded(options.seed());
        try (ConsistencyPolicy policy = model.policy(options.lora(), options.plan(), initial);
                PpoOptimizer ppo = PpoOptimizer.of(policy, options.ppo(), options.objective(model, policy, backend))) {
            new Trainer(policy, ppo, score, prompts, options.trainer(), options.advantages(policy, score))
                    .run(report -> {
                        if (report.epoch() >= options.epochs() / 2) {
                            pictures.addAll(report.rollout().samples());
                        }
                    });
        }
        return pictures;
    }
}
