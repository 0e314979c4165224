package dev.rlcm.ppo;

import dev.rlcm.backend.Backend;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.optim.LearningRateSchedule;
import dev.rlcm.policy.Rollout;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.testing.ShiftPolicy;
import java.util.List;
import java.util.stream.IntStream;

/** A {@link ShiftPolicy} that learns from the distance of its final latent to (1, -1). */
final class ShiftLearning {
    private static final int UPDATES = 40;

    static final PpoConfig CONFIG = PpoConfig.defaults()
            .withLearningRate(0.03)
            .withSchedule(LearningRateSchedule.linear(1, 0, UPDATES))
            .withTrajectoriesPerStep(16);

    private ShiftLearning() {}

    /** The distance from the best shift, where the final latent's mean is (1, -1), after 40 updates; at first it is 0.57. */
    static double distance(Backend backend, PpoConfig config, Objective objective) {
        ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.MEAN, 0, 0);
        PpoOptimizer optimizer = PpoOptimizer.of(policy, config, objective);
        AdvantageEstimator credit = AdvantageEstimator.withinPrompt();
        List<String> prompts =
                IntStream.range(0, 32).mapToObj(i -> "prompt " + i / 4).toList();
        for (int epoch = 0; epoch < UPDATES; epoch++) {
            Rollout rollout = policy.rollout(prompts, RandomStreams.seeded(epoch));
            double[] rewards = rollout.samples().stream()
                    .mapToDouble(sample -> -Math.pow(sample.pixels()[0] - 1, 2) - Math.pow(sample.pixels()[1] + 1, 2))
                    .toArray();
            optimizer.update(rollout, credit.estimate(prompts, rewards));
        }
        return distance(policy);
    }

    /** The distance of a policy's shift from the best one. */
    static double distance(ShiftPolicy policy) {
        double best = 0.4; // the shift enters the final latent 2.5 times
        double[] shift = policy.shift();
        return Math.hypot(shift[0] - best, shift[1] + best);
    }
}
