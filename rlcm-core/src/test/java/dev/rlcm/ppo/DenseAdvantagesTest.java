package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.testing.ShiftPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DenseAdvantagesTest {
    private static final RewardFunction RED = RewardFunction.each(sample -> sample.pixels()[0]);
    private static final double[] SHIFT = {0.1, -0.2};
    private static final List<String> PROMPTS = List.of("a", "a", "b", "b");

    private final ReferenceBackend backend = new ReferenceBackend();
    private final ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.SUM, SHIFT);
    private final Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(5));
    private final double[] rewards = RED.score(rollout.samples());

    @AfterEach
    void close() {
        backend.close();
    }

    /** By hand: the mean is x / 2 + shift = sqrt(1 - sigma^2) x0, and the red of a picture is x0's first number. */
    private static double predicted(Trajectory trajectory, int action) {
        GaussianStep step = trajectory.step(action);
        return (0.5 * trajectory.state(action)[0] + SHIFT[0]) / Math.sqrt(1 - step.sigma() * step.sigma());
    }

    @Test
    void predictionsAreTheDecodedCleanLatentsWhateverTheMinibatch() {
        for (int rows : new int[] {1, 3, 8}) {
            try (StepPredictions predictions = StepPredictions.of(policy, rows)) {
                List<Sample> pictures = predictions.of(rollout);
                assertThat(pictures).hasSize(8);
                for (int i = 0; i < 8; i++) {
                    Trajectory trajectory = rollout.trajectories().get(i / 2);
                    assertThat(pictures.get(i).prompt()).isEqualTo(trajectory.prompt());
                    assertThat(pictures.get(i).pixels()[0])
                            .isCloseTo((float) predicted(trajectory, i % 2), within(1e-5f));
                }
            }
        }
    }

    @Property
    void theRewardsOfAllActionsAddUpToTheFinalRewardLessTheFirstPotential(
            @ForAll @Size(min = 1, max = 20) List<@DoubleRange(min = -9, max = 9) Double> potentials,
            @ForAll @DoubleRange(min = -9, max = 9) double last) {
        double[] values = potentials.stream().mapToDouble(Double::doubleValue).toArray();
        double[] rewards = DenseAdvantages.actionRewards(values, 0, values.length, last);
        assertThat(Arrays.stream(rewards).sum()).isCloseTo(last - values[0], within(1e-9));
        double[] returns = DenseAdvantages.returns(rewards);
        for (int k = 0; k < values.length; k++) {
            assertThat(returns[k]).isCloseTo(last - values[k], within(1e-9));
        }
    }

    @Test
    void everyActionIsComparedWithTheSameActionOfThePromptsOtherSamples() {
        AdvantageEstimator raw = (keys, returns) -> {
            assertThat(keys).containsExactly("a\n0", "a\n1", "a\n0", "a\n1", "b\n0", "b\n1", "b\n0", "b\n1");
            return returns;
        };
        try (StepPredictions predictions = StepPredictions.of(policy, 4)) {
            double[] advantages = new DenseAdvantages(predictions, RED, raw).estimate(rollout, rewards);
            for (int i = 0; i < 8; i++) {
                double expected =
                        rewards[i / 2] - predicted(rollout.trajectories().get(i / 2), i % 2);
                assertThat(advantages[i]).isCloseTo(expected, within(1e-5));
            }
            assertThatThrownBy(() -> new DenseAdvantages(predictions, RED, raw).estimate(PROMPTS, rewards))
                    .hasMessageContaining("need trajectories");
        }
    }

    /** By hand: -A z / sigma for each action, with the noise z that it drew. */
    @Test
    void anUpdateTakesOneAdvantagePerAction() {
        double[] advantages = {1, -2, 0.5, 3, -1, 2, 0, 1};
        double[] expected = new double[2];
        for (int i = 0; i < 8; i++) {
            Trajectory trajectory = rollout.trajectories().get(i / 2);
            GaussianStep step = trajectory.step(i % 2);
            for (int j = 0; j < 2; j++) {
                double mean = 0.5 * trajectory.state(i % 2)[j] + SHIFT[j];
                double error = trajectory.state(i % 2 + 1)[j] - mean;
                expected[j] -= advantages[i] * error / (step.sigma() * step.sigma()) / 8;
            }
        }
        List<double[]> gradients = new ArrayList<>();
        PpoConfig config = PpoConfig.defaults()
                .withTrajectoriesPerStep(4)
                .withMinibatch(3)
                .withMaxGradNorm(Double.POSITIVE_INFINITY);
        PpoOptimizer.of(policy, config).update(rollout, advantages, new UpdateObserver() {
            @Override
            public void onStep(Step step) {
                gradients.add(step.gradient().get().get("shift").toDoubles());
            }
        });
        assertThat(gradients.get(0)).containsExactly(expected, within(1e-4));
    }

    @Test
    void otherNumbersOfAdvantagesAreRefused() {
        PpoOptimizer ppo = PpoOptimizer.of(policy, PpoConfig.defaults());
        assertThatThrownBy(() -> ppo.update(rollout, new double[5]))
                .hasMessage("expected 4 advantages, one per trajectory, or 8, one per action, got 5");
        double[] bad = new double[8];
        bad[5] = Double.NaN;
        assertThatThrownBy(() -> ppo.update(rollout, bad)).hasMessageContaining("advantage 5 is NaN (prompt \"b\")");
        PpoOptimizer pairs =
                PpoOptimizer.of(policy, PpoConfig.defaults(), Objective.pairs(PairLoss.rebel(1), Pairing.neighbours()));
        assertThatThrownBy(() -> pairs.update(rollout, new double[8]))
                .hasMessage("this algorithm compares whole trajectories; expected 4 advantages, one for each, got 8");
    }

    @Test
    void denseRewardsTeachTheSame() {
        ShiftPolicy learner = new ShiftPolicy(backend, LogProbReduction.MEAN, 0, 0);
        PpoOptimizer ppo = PpoOptimizer.of(learner, ShiftLearning.CONFIG);
        RewardFunction near = RewardFunction.each(
                sample -> -Math.pow(sample.pixels()[0] - 1, 2) - Math.pow(sample.pixels()[1] + 1, 2));
        List<String> prompts = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            prompts.add("prompt " + i / 4);
        }
        try (StepPredictions predictions = StepPredictions.of(learner, 16)) {
            AdvantageEstimator dense = new DenseAdvantages(predictions, near, AdvantageEstimator.withinPrompt());
            for (int epoch = 0; epoch < 40; epoch++) {
                Rollout epochRollout = learner.rollout(prompts, RandomStreams.seeded(epoch));
                ppo.update(epochRollout, dense.estimate(epochRollout, near.score(epochRollout.samples())));
            }
        }
        assertThat(ShiftLearning.distance(learner)).isLessThan(0.2);
    }
}
