package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.ppo.Pairing.Pair;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.testing.ShiftPolicy;
import dev.rlcm.testing.ToyPolicies;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Updates on pairs of trajectories. */
class PairUpdateTest {
    private static final List<String> PROMPTS = List.of("a", "b", "a", "b", "a", "a");
    private static final double[] ADVANTAGES = {1, -0.5, 2, -1, 0.3, -1.8};
    private static final PpoConfig CONFIG = PpoConfig.defaults()
            .withLearningRate(1e-2)
            .withTrajectoriesPerStep(4)
            .withMaxGradNorm(Double.POSITIVE_INFINITY)
            .withInnerEpochs(2);

    private final ReferenceBackend backend = new ReferenceBackend();

    @AfterEach
    void close() {
        backend.close();
    }

    private static Objective rebel() {
        return Objective.pairs(PairLoss.rebel(0.5), Pairing.neighbours());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 100})
    void howThePairsRowsAreSplitDoesNotChangeTheResult(int minibatch) {
        for (Objective objective : List.of(
                rebel(),
                rebel().plus(0.1, PolicyLosses.klToBase().named("kl")),
                Objective.pairs(PairLoss.dpo(3), Pairing.bestWithWorst()))) {
            ConsistencyPolicy one = ToyPolicies.fresh(backend);
            ConsistencyPolicy other = ToyPolicies.fresh(backend);
            Rollout rollout = one.rollout(PROMPTS, RandomStreams.seeded(11));
            UpdateReport expected =
                    PpoOptimizer.of(one, CONFIG.withMinibatch(8), objective).update(rollout, ADVANTAGES);
            UpdateReport actual = PpoOptimizer.of(other, CONFIG.withMinibatch(minibatch), objective)
                    .update(rollout, ADVANTAGES);
            assertThat(actual.loss()).isCloseTo(expected.loss(), within(1e-6));
            assertThat(actual.steps().gradNorm())
                    .isCloseTo(
                            expected.steps().gradNorm(),
                            within(1e-5 * expected.steps().gradNorm()));
            assertThat(ToyPolicies.weights(other)).containsExactly(ToyPolicies.weights(one), within(2e-5));
        }
    }

    @Test
    void pairsStayInOneStepWhateverTheOrder() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(11));
        Map<Trajectory, Integer> index = new HashMap<>();
        IntStream.range(0, rollout.size())
                .forEach(i -> index.put(rollout.trajectories().get(i), i));
        List<Set<Integer>> steps = new ArrayList<>();
        PpoOptimizer.of(policy, CONFIG.withTrajectoriesPerStep(2).withMinibatch(1), rebel())
                .update(rollout, ADVANTAGES, new UpdateObserver() {
                    @Override
                    public void onMinibatch(Minibatch minibatch) {
                        int step = minibatch.step();
                        if (steps.size() == step) {
                            steps.add(new HashSet<>());
                        }
                        minibatch.transitions().forEach(t -> steps.get(step).add(index.get(t.trajectory())));
                    }
                });
        assertThat(steps).hasSize(6);
        assertThat(new HashSet<>(steps)).isEqualTo(Set.of(Set.of(0, 2), Set.of(1, 3), Set.of(4, 5)));
    }

    /**
     * By hand: at theta = theta_old margins are 0, so that the loss is the mean of (A_1 - A_2)^2 and its gradient the mean of -2 eta
     * (A_1 - A_2) d margin / d theta, with d log pi / d theta = (x' - mu) / sigma^2 of each action.
     */
    @Test
    void theFirstStepIsThatOfTheRegressionAtZeroMargin() {
        ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.SUM, 0.1, -0.2);
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(5));
        double[] expected = new double[2];
        float[] output = {0.1f, -0.2f};
        int[][] pairs = {{0, 2}, {4, 5}, {1, 3}};
        double loss = 0;
        for (int[] pair : pairs) {
            double difference = ADVANTAGES[pair[0]] - ADVANTAGES[pair[1]];
            loss += difference * difference / 3;
            for (int member = 0; member < 2; member++) {
                Trajectory trajectory = rollout.trajectories().get(pair[member]);
                for (int k = 0; k < trajectory.actions(); k++) {
                    GaussianStep step = trajectory.step(k);
                    double[] mean = step.mean(trajectory.state(k), output);
                    for (int i = 0; i < 2; i++) {
                        double slope = (trajectory.state(k + 1)[i] - mean[i]) / (step.sigma() * step.sigma());
                        expected[i] -= (member == 0 ? 1 : -1) * 2 * 0.5 * difference * slope / 3;
                    }
                }
            }
        }
        List<double[]> gradients = new ArrayList<>();
        UpdateReport report = PpoOptimizer.of(
                        policy, CONFIG.withTrajectoriesPerStep(6).withInnerEpochs(1), rebel())
                .update(rollout, ADVANTAGES, new UpdateObserver() {
                    @Override
                    public void onStep(Step step) {
                        gradients.add(step.gradient().get().get("shift").toDoubles());
                    }
                });
        assertThat(report.loss()).isCloseTo(loss, within(1e-5));
        assertThat(gradients).hasSize(1);
        assertThat(gradients.get(0)).containsExactly(expected, within(1e-3));
    }

    @Test
    void rebelFindsTheReward() {
        assertThat(learned(Objective.pairs(PairLoss.rebel(1), Pairing.neighbours())))
                .isLessThan(0.28);
    }

    @Test
    void dpoFindsTheRewardFromRankedPairs() {
        assertThat(learned(Objective.pairs(PairLoss.dpo(0.2), Pairing.bestWithWorst())))
                .isLessThan(0.28);
    }

    /** The distance from the best shift after learning, see {@link ShiftLearning}; at first it is 0.57. */
    private double learned(Objective objective) {
        return ShiftLearning.distance(backend, ShiftLearning.CONFIG, objective);
    }

    @Test
    void whatCannotBePairedIsRefusedAndChangesNothing() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        double[] before = ToyPolicies.weights(policy);
        Rollout alone = policy.rollout(List.of("a", "b", "c"), RandomStreams.seeded(11));
        assertThatThrownBy(() -> PpoOptimizer.of(policy, CONFIG, rebel()).update(alone, new double[3]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sample every prompt at least twice");
        Objective beyond = Objective.pairs(PairLoss.rebel(1), Pairing.given(List.of(new Pair(0, 3))));
        assertThatThrownBy(() -> PpoOptimizer.of(policy, CONFIG, beyond).update(alone, new double[3]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pairs must be of trajectories in [0, 3), got Pair[first=0, second=3]");
        assertThat(ToyPolicies.weights(policy)).containsExactly(before);
    }
}
