package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.policy.Rollout;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.testing.ShiftPolicy;
import dev.rlcm.testing.ToyPolicies;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KlRegularizedAdvantagesTest {
    private static final List<String> PROMPTS = List.of("a", "a", "b");
    private static final AdvantageEstimator AS_THEY_ARE = (keys, rewards) -> rewards.clone();

    private final ReferenceBackend backend = new ReferenceBackend();

    @AfterEach
    void close() {
        backend.close();
    }

    /** Both steps have b = 1: KL = shift^2 / (2 sigma^2), here (0.3^2 + 0.1^2) / 2 (1 / 0.16 + 1 / 0.04) = 0.05 x 31.25. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 100})
    void theDivergenceIsThatOfTheGaussiansAlongThePath(int rows) {
        ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.SUM, 0.3, 0.1);
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(1));
        try (PathDivergence divergence = PathDivergence.fromBase(policy, rows)) {
            double expected = 0.05 * 31.25;
            assertThat(divergence.of(rollout))
                    .containsExactly(new double[] {expected, expected, expected}, within(1e-6));
        }
    }

    @Test
    void aFreshAdapterHasNotDiverged() {
        Rollout rollout = ToyPolicies.fresh(backend).rollout(PROMPTS, RandomStreams.seeded(1));
        try (PathDivergence divergence = PathDivergence.fromBase(ToyPolicies.fresh(backend), 3)) {
            assertThat(divergence.of(rollout)).containsOnly(0);
        }
        assertThatThrownBy(() -> PathDivergence.fromBase(ToyPolicies.fresh(backend), 0))
                .hasMessage("rows must be at least 1, got 0");
    }

    @Test
    void aDivergenceThatIsNotFiniteIsNotBlamedOnTheReward() {
        ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.MEAN, 1e30, 0);
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(1));
        try (PathDivergence divergence = PathDivergence.fromBase(policy, 4)) {
            KlRegularizedAdvantages credit =
                    new KlRegularizedAdvantages(divergence, KlCoefficient.fixed(2), AdvantageEstimator.wholeBatch());
            assertThatThrownBy(() -> credit.estimate(rollout, new double[] {1, 2, 3}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("the divergence of trajectory 0 (\"a\")", "earlier adapter");
        }
    }

    @Test
    void rewardsAreLessWhatTheDivergenceCosts() {
        ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.MEAN, 0.3, 0.1);
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(1));
        try (PathDivergence divergence = PathDivergence.fromBase(policy, 4)) {
            KlRegularizedAdvantages credit =
                    new KlRegularizedAdvantages(divergence, KlCoefficient.fixed(2), AS_THEY_ARE);
            double cost = 2 * 0.5 * 0.05 * 31.25;
            assertThat(credit.estimate(rollout, new double[] {1, 2, 3}))
                    .containsExactly(new double[] {1 - cost, 2 - cost, 3 - cost}, within(1e-6));
            assertThat(credit.meanDivergence()).isCloseTo(cost / 2, within(1e-6));
            assertThatThrownBy(() -> credit.estimate(PROMPTS, new double[] {1, 2, 3}))
                    .isInstanceOf(UnsupportedOperationException.class);
        }
    }

    @Test
    void theCoefficientGrowsAboveTheTargetAndFallsBelowIt() {
        KlCoefficient coefficient = KlCoefficient.adaptive(2, 0.1);
        coefficient.observe(0.11);
        assertThat(coefficient.getAsDouble()).isCloseTo(2 * 1.01, within(1e-12));
        coefficient.observe(100);
        assertThat(coefficient.getAsDouble()).isCloseTo(2 * 1.01 * 1.02, within(1e-12));
        coefficient.observe(0);
        assertThat(coefficient.getAsDouble()).isCloseTo(2 * 1.01 * 1.02 * 0.98, within(1e-12));
        KlCoefficient fixed = KlCoefficient.fixed(3);
        fixed.observe(100);
        assertThat(fixed.getAsDouble()).isEqualTo(3);
        assertThatThrownBy(() -> KlCoefficient.adaptive(1, 0))
                .hasMessage("target must be positive and finite, got 0.0");
    }

    @Test
    void impossibleCoefficientsAndDivergencesAreRefused() {
        assertThatThrownBy(() -> KlCoefficient.fixed(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> KlCoefficient.adaptive(0, 1)).isInstanceOf(IllegalArgumentException.class);
        KlCoefficient coefficient = KlCoefficient.adaptive(2, 0.1);
        assertThatThrownBy(() -> coefficient.observe(Double.NaN)).isInstanceOf(IllegalArgumentException.class);
        assertThat(coefficient.getAsDouble()).isEqualTo(2);
    }

    @Test
    void theStateHoldsTheCoefficientAndWhatTheInnerEstimatorRemembers() {
        ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.MEAN, 0.3, 0.1);
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(1));
        try (PathDivergence divergence = PathDivergence.fromBase(policy, 4)) {
            KlCoefficient one = KlCoefficient.adaptive(1, 0.1);
            AdvantageEstimator straight =
                    new KlRegularizedAdvantages(divergence, one, AdvantageEstimator.perPrompt(4, 2));
            double[] rewards = {1, 2, 4};
            straight.estimate(rollout, rewards);
            KlCoefficient other = KlCoefficient.adaptive(1, 0.1);
            AdvantageEstimator resumed =
                    new KlRegularizedAdvantages(divergence, other, AdvantageEstimator.perPrompt(4, 2));
            resumed.restore(straight.state());
            assertThat(other.getAsDouble()).isEqualTo(one.getAsDouble()).isGreaterThan(1);
            assertThat(resumed.estimate(rollout, rewards)).containsExactly(straight.estimate(rollout, rewards));
            AdvantageEstimator.State foreign = new AdvantageEstimator.State(Map.of("rewards", Map.of()), Map.of());
            assertThatThrownBy(() -> resumed.restore(foreign))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("klCoefficient");
        }
    }

    /** A weight that the loss asks for at every run, against the same weight built into the graph. */
    @Test
    void aSharedCoefficientWeighsTheLoss() {
        KlCoefficient coefficient = KlCoefficient.adaptive(1, 0.5);
        double[][] shifts = new double[2][];
        for (int update = 0; update < 2; update++) {
            double weight = coefficient.getAsDouble();
            PolicyLoss none = terms -> terms.advantage().mul(0);
            for (PolicyLoss loss : List.of(
                    none.plus(coefficient, PolicyLosses.klToBase()), none.plus(weight, PolicyLosses.klToBase()))) {
                ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.MEAN, 0.3, 0.1);
                Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(1));
                UpdateReport report =
                        PpoOptimizer.of(policy, PpoConfig.defaults(), loss).update(rollout, new double[3]);
                double perAction = 0.5 * 0.05 * 31.25 / 2;
                assertThat(report.loss()).isCloseTo(weight * perAction, within(1e-6));
                shifts[update] = policy.shift();
            }
            coefficient.observe(100);
        }
        assertThat(Arrays.stream(shifts[0]).sum()).isLessThan(0.4);
    }
}
