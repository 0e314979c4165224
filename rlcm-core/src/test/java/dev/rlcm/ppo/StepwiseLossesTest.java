package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.policy.Transition;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.testing.ShiftPolicy;
import dev.rlcm.testing.ToyPolicies;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Losses that treat the steps of a trajectory alike or hold them together, and updates on some of the steps. */
class StepwiseLossesTest {
    private static final double[] OLD = {0.1, -0.2};
    private static final double[] NEW = {0.15, -0.3};
    private static final ClipRange WIDE = ClipRange.of(0.999);

    private final ReferenceBackend backend = new ReferenceBackend();
    private final List<Trajectory> trajectories = new ShiftPolicy(backend, LogProbReduction.SUM, OLD)
            .rollout(List.of("a", "b", "c"), RandomStreams.seeded(5))
            .trajectories();

    @AfterEach
    void close() {
        backend.close();
    }

    /** All actions of the old policy, with the means that they were drawn around. */
    private List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (Trajectory trajectory : trajectories) {
            for (int k = 0; k < trajectory.actions(); k++) {
                double[] mean = oldMean(trajectory, k);
                float[] rounded = {(float) mean[0], (float) mean[1]};
                rows.add(new Row(new Transition(trajectory, k), trajectory.logProb(k), 1, Optional.of(rounded)));
            }
        }
        return rows;
    }

    private static double[] oldMean(Trajectory trajectory, int action) {
        return trajectory.step(action).mean(trajectory.state(action), new float[] {(float) OLD[0], (float) OLD[1]});
    }

    /** The mean loss over the rows at the new policy, and its gradient by the shift. */
    private double[] evaluate(PolicyLoss loss, double... shift) {
        ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.SUM, shift);
        List<Row> rows = rows();
        try (LossGraph graph = new LossGraph(policy, loss, WIDE, rows.size(), true)) {
            graph.run(rows, 1.0 / rows.size(), 1);
            return new double[] {
                graph.value(),
                graph.gradients().get(0).get(0),
                graph.gradients().get(0).get(1)
            };
        }
    }

    private void assertGradientIsThatOfDifferences(PolicyLoss loss) {
        double h = 1e-3;
        double[] at = evaluate(loss, NEW);
        double first = evaluate(loss, NEW[0] + h, NEW[1])[0] - evaluate(loss, NEW[0] - h, NEW[1])[0];
        double second = evaluate(loss, NEW[0], NEW[1] + h)[0] - evaluate(loss, NEW[0], NEW[1] - h)[0];
        assertThat(at[1]).isCloseTo(first / (2 * h), within(1e-3 * (1 + Math.abs(at[1]))));
        assertThat(at[2]).isCloseTo(second / (2 * h), within(1e-3 * (1 + Math.abs(at[2]))));
    }

    /** By hand: z (mu - mu_old), with mu - mu_old the change of the shift, since the network's output enters the mean as it is. */
    @Test
    void theGuardedRatioIsTheNoiseTimesTheChangeOfTheMean() {
        double expected = 0;
        for (Trajectory trajectory : trajectories) {
            for (int k = 0; k < trajectory.actions(); k++) {
                double[] mean = oldMean(trajectory, k);
                double logRatio = 0;
                for (int i = 0; i < 2; i++) {
                    double z = (trajectory.state(k + 1)[i] - mean[i])
                            / trajectory.step(k).sigma();
                    logRatio += z * (NEW[i] - OLD[i]);
                }
                expected -= Math.exp(logRatio) / 6;
            }
        }
        assertThat(evaluate(PolicyLosses.guarded(), NEW)[0]).isCloseTo(expected, within(1e-5));
        assertThat(evaluate(PolicyLosses.guarded(), OLD)[0]).isCloseTo(-1, within(1e-5));
        assertGradientIsThatOfDifferences(PolicyLosses.guarded());
    }

    /** With these weights every step's gradient by the network's output is z times the same number. */
    @Test
    void guardedStepsMoveTheNetworkAsFar() {
        Trajectory trajectory = ToyPolicies.fresh(backend, SamplingPlan.steps(5))
                .rollout(List.of("a"), RandomStreams.seeded(1))
                .trajectories()
                .get(0);
        double[] weights = IntStream.range(0, 4)
                .mapToDouble(k -> PolicyLosses.evenness(new Transition(trajectory, k))[0])
                .toArray();
        assertThat(IntStream.range(0, 4).mapToDouble(k -> weights[k]).average().orElseThrow())
                .isCloseTo(1, within(1e-6));
        for (int k = 0; k < 4; k++) {
            assertThat(weights[k] * Math.abs(trajectory.step(k).modelCoefficient()))
                    .isCloseTo(weights[0] * Math.abs(trajectory.step(0).modelCoefficient()), within(1e-5));
        }
    }

    /** By hand: the mean is x / 2 + shift = sqrt(1 - sigma^2) x0. */
    @Test
    void inconsistencyIsTheDistanceFromWhereTheTrajectoryEnded() {
        double expected = 0;
        for (Trajectory trajectory : trajectories) {
            float[] end = trajectory.latent().orElseThrow();
            for (int k = 0; k < trajectory.actions(); k++) {
                GaussianStep step = trajectory.step(k);
                for (int i = 0; i < 2; i++) {
                    double predicted =
                            (0.5 * trajectory.state(k)[i] + NEW[i]) / Math.sqrt(1 - step.sigma() * step.sigma());
                    expected += Math.pow(predicted - end[i], 2) / 6;
                }
            }
        }
        assertThat(evaluate(PolicyLosses.consistency(), NEW)[0]).isCloseTo(expected, within(1e-5));
        assertGradientIsThatOfDifferences(PolicyLosses.consistency());
    }

    @Test
    void consistencyNeedsTheFinalLatent() {
        Trajectory whole = trajectories.get(0);
        Trajectory without = Trajectory.of(
                whole.conditioning(),
                List.of(whole.state(0), whole.state(1)),
                List.of(whole.step(0)),
                new double[] {whole.logProb(0)},
                whole.sample());
        PpoOptimizer ppo = PpoOptimizer.of(
                new ShiftPolicy(backend, LogProbReduction.SUM, OLD), PpoConfig.defaults(), PolicyLosses.consistency());
        assertThatThrownBy(() -> ppo.update(new Rollout(List.of(without)), new double[] {1}))
                .hasMessageContaining("does not hold its final latent");
    }

    @Test
    void someActionsAreDifferentOnesOfEveryUpdateAndAllOfThemInTime() {
        RowSource source = RowSource.someTransitions(2);
        Trajectory trajectory = ToyPolicies.fresh(backend, SamplingPlan.steps(5))
                .rollout(List.of("a"), RandomStreams.seeded(1))
                .trajectories()
                .get(0);
        TreeSet<Integer> seen = new TreeSet<>();
        for (int update = 0; update < 40; update++) {
            List<Integer> actions = source.rows(trajectory, RandomStreams.seeded(update)).stream()
                    .map(Transition::action)
                    .toList();
            assertThat(actions).hasSize(2).doesNotHaveDuplicates().isSorted();
            assertThat(source.rows(trajectory, RandomStreams.seeded(update)))
                    .extracting(Transition::action)
                    .isEqualTo(actions);
            seen.addAll(actions);
        }
        assertThat(seen).containsExactly(0, 1, 2, 3);
        assertThat(RowSource.someTransitions(9).rows(trajectory, RandomStreams.seeded(0)))
                .hasSize(4);
        assertThatThrownBy(() -> RowSource.someTransitions(0)).hasMessage("count must be at least 1, got 0");
    }

    @Test
    void learningFromSomeActionsAndGuardedReachesTheReward() {
        Objective some = Objective.of(PolicyLosses.clipped()).on(RowSource.someTransitions(1));
        assertThat(ShiftLearning.distance(backend, ShiftLearning.CONFIG, some)).isLessThan(0.2);
        assertThat(ShiftLearning.distance(
                        backend, ShiftLearning.CONFIG.withClipRange(0.1), Objective.of(PolicyLosses.guarded())))
                .isLessThan(0.2);
    }

    @Test
    void minibatchesDoNotChangeAGuardedUpdate() {
        double[] whole = shiftAfter(PpoConfig.defaults().withMinibatch(6));
        double[] split = shiftAfter(PpoConfig.defaults().withMinibatch(2));
        assertThat(split).containsExactly(whole, within(1e-6));
    }

    private double[] shiftAfter(PpoConfig config) {
        ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.SUM, OLD);
        PpoOptimizer.of(policy, config.withClipRange(0.1).withInnerEpochs(2), PolicyLosses.guarded())
                .update(new Rollout(trajectories), new double[] {1, -2, 0.5});
        TensorData shift = policy.parameters().get("shift");
        return shift.toDoubles();
    }
}
