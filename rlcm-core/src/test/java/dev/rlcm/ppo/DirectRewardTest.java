package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.optim.LearningRateSchedule;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.DifferentiableReward;
import dev.rlcm.reward.Sample;
import dev.rlcm.testing.ShiftPolicy;
import dev.rlcm.testing.ToyPolicies;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DirectRewardTest {
    private static final List<String> PROMPTS = List.of("left", "right", "left");
    private static final PpoConfig CONFIG = PpoConfig.defaults()
            .withLearningRate(0.05)
            .withTrajectoriesPerStep(3)
            .withMaxGradNorm(Double.POSITIVE_INFINITY);

    private final ReferenceBackend backend = new ReferenceBackend();

    @AfterEach
    void close() {
        backend.close();
    }

    /** Minus the squared distance of red and green from (1, -1) for "left", (-1, 1) for "right". */
    private static final class Distance implements DifferentiableReward {
        private static double sign(String prompt) {
            return prompt.equals("left") ? 1 : -1;
        }

        @Override
        public double[] score(List<Sample> samples) {
            return samples.stream()
                    .mapToDouble(sample -> -Math.pow(sample.pixels()[0] - sign(sample.prompt()), 2)
                            - Math.pow(sample.pixels()[1] + sign(sample.prompt()), 2))
                    .toArray();
        }

        @Override
        public Graph graph(int batch, int height, int width) {
            Value picture = Value.input(PICTURE, DataType.FLOAT32, Shape.of(batch, 3, height, width));
            Value target = Value.input("target", DataType.FLOAT32, Shape.of(batch, 2, 1, 1));
            Value distance = picture.slice(1, 0, 2).sub(target).square();
            return Graph.of("reward", distance.sum(false, 1, 2, 3).neg());
        }

        @Override
        public Map<String, TensorData> condition(String prompt) {
            float sign = (float) sign(prompt);
            return Map.of("target", TensorData.floats(Shape.of(2, 1, 1), sign, -sign));
        }
    }

    /** By hand: the shift enters the picture once per step, 1 or 1 + 1 times, and the reward's slope is -2 (picture - target). */
    @ParameterizedTest
    @CsvSource({"1, 3", "1, 2", "2, 3", "2, 1"})
    void theGradientGoesThroughTheLastSteps(int steps, int minibatch) {
        ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.MEAN, 0.1, -0.2);
        double[] shift = {0.1, -0.2};
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(5));
        StepNoise noise = (trajectory, step, size) -> new float[] {0.5f, step};
        double reward = 0;
        double[] expected = new double[2];
        for (int b = 0; b < 3; b++) {
            Trajectory trajectory = rollout.trajectories().get(b);
            double sign = Distance.sign(PROMPTS.get(b));
            for (int i = 0; i < 2; i++) {
                double latent = steps == 1
                        ? trajectory.state(2)[i]
                        : 0.5 * trajectory.state(1)[i] + shift[i] + 0.2 * (i == 0 ? 0.5 : 1);
                double error = latent + shift[i] - (i == 0 ? sign : -sign);
                reward -= error * error / 3;
                expected[i] += 2 * error * steps / 3;
            }
        }
        List<double[]> gradients = new ArrayList<>();
        UpdateReport report = PpoOptimizer.of(
                        policy,
                        CONFIG.withMinibatch(minibatch),
                        Objective.directReward(new Distance(), ShiftPolicy.SCHEDULE, steps, noise))
                .update(rollout, new double[3], new UpdateObserver() {
                    @Override
                    public void onStep(Step step) {
                        gradients.add(step.gradient().get().get("shift").toDoubles());
                    }
                });
        assertThat(report.losses().parts().get("reward")).isCloseTo(reward, within(1e-5));
        assertThat(report.loss()).isCloseTo(-reward, within(1e-5));
        assertThat(report.ratios().mean()).isNaN();
        assertThat(report.clipFraction()).isZero();
        assertThat(gradients.get(0)).containsExactly(expected, within(1e-4));
    }

    @Test
    void theRewardIsFoundFromItsGradientAlone() {
        ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.MEAN, 0, 0);
        PpoOptimizer optimizer = PpoOptimizer.of(
                policy,
                CONFIG.withTrajectoriesPerStep(16).withSchedule(LearningRateSchedule.linear(1, 0, 40)),
                Objective.directReward(new Distance(), ShiftPolicy.SCHEDULE, 2));
        for (int epoch = 0; epoch < 40; epoch++) {
            Rollout rollout = policy.rollout(Collections.nCopies(16, "left"), RandomStreams.seeded(epoch));
            optimizer.update(rollout, new double[16]);
        }
        assertThat(ShiftLearning.distance(policy)).isLessThan(0.1);
    }

    @Test
    void fewerStepsThanOneAndModelsWithoutADecoderAreRefused() {
        assertThatThrownBy(() -> Objective.directReward(new Distance(), ShiftPolicy.SCHEDULE, 0))
                .hasMessage("steps must be in [1, 3], got 0");
        assertThatThrownBy(() -> PpoOptimizer.of(
                        ToyPolicies.fresh(backend),
                        CONFIG,
                        Objective.directReward(
                                new Distance(), ToyPolicies.fresh(backend).schedule(), 1)))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("does not offer its decoder as a graph");
    }
}
