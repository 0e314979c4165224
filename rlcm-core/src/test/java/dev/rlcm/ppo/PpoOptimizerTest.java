package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.TensorData;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.testing.ToyPolicies;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PpoOptimizerTest {
    private static final List<String> PROMPTS = List.of("a", "b", "c", "d", "e", "f");
    private static final double[] ADVANTAGES = {1, -0.5, 2, -1, 0.3, -1.8};
    private static final PpoConfig CONFIG =
            PpoConfig.defaults().withLearningRate(1e-2).withClipRange(0.2).withTrajectoriesPerStep(3);

    private final ReferenceBackend backend = new ReferenceBackend();

    @AfterEach
    void close() {
        backend.close();
    }

    private static double[] weights(ConsistencyPolicy policy) {
        return policy.adapter().tensors().values().stream()
                .flatMapToDouble(tensor -> Arrays.stream(tensor.toDoubles()))
                .toArray();
    }

    private Rollout rollout(ConsistencyPolicy policy) {
        return policy.rollout(PROMPTS, RandomStreams.seeded(11));
    }

    @Test
    void theFirstMinibatchIsOnPolicy() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        UpdateReport report = PpoOptimizer.of(policy, CONFIG).update(rollout(policy), ADVANTAGES);
        assertThat(report.ratios().initialError()).isLessThan(1e-6);
        assertThat(report.steps().applied()).isEqualTo(2);
        assertThat(report.steps().gradNorm()).isPositive();
        assertThat(report.ratios().std()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 5, 100})
    void theMinibatchSizeDoesNotChangeTheResult(int minibatch) {
        ConsistencyPolicy one = ToyPolicies.fresh(backend);
        ConsistencyPolicy other = ToyPolicies.fresh(backend);
        UpdateReport expected = PpoOptimizer.of(one, CONFIG.withMinibatch(6)).update(rollout(one), ADVANTAGES);
        UpdateReport actual =
                PpoOptimizer.of(other, CONFIG.withMinibatch(minibatch)).update(rollout(other), ADVANTAGES);
        assertThat(actual.loss()).isCloseTo(expected.loss(), within(1e-6));
        assertThat(actual.steps().gradNorm()).isCloseTo(expected.steps().gradNorm(), within(1e-5));
        assertThat(weights(other)).containsExactly(weights(one), within(1e-5));
    }

    @Test
    void actionsOfGoodTrajectoriesBecomeMoreLikely() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        PpoOptimizer ppo = PpoOptimizer.of(policy, CONFIG.withInnerEpochs(5));
        Rollout rollout = rollout(policy);
        ppo.update(rollout, ADVANTAGES);
        UpdateReport second = ppo.update(rollout, ADVANTAGES);
        assertThat(second.loss()).isNegative();
    }

    @Test
    void aNonFiniteLossIsSkippedAndCounted() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        double[] before = weights(policy);
        PolicyLoss broken = terms -> terms.advantage().mul(Double.NaN);
        UpdateReport report = PpoOptimizer.of(policy, CONFIG, broken).update(rollout(policy), ADVANTAGES);
        assertThat(report.steps().skipped()).isEqualTo(2);
        assertThat(report.steps().applied()).isZero();
        assertThat(weights(policy)).containsExactly(before);
    }

    @Test
    void theKlTargetEndsAnUpdateEarly() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        UpdateReport report = PpoOptimizer.of(
                        policy, CONFIG.withInnerEpochs(50).withLearningRate(0.1).withTargetKl(1e-4))
                .update(rollout(policy), ADVANTAGES);
        assertThat(report.steps().stoppedEarly()).isTrue();
        assertThat(report.steps().applied()).isLessThan(100);
    }

    @Test
    void lossesSeeTheClipRangeThatReportsCountBy() {
        List<ClipRange> seen = new ArrayList<>();
        PolicyLoss spy = terms -> {
            seen.add(terms.clipRange());
            return PolicyLosses.clipped().of(terms);
        };
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        PpoOptimizer.of(policy, CONFIG.withClipRange(new ClipRange(0.1, 0.3)), spy)
                .update(rollout(policy), ADVANTAGES);
        assertThat(seen).isNotEmpty().containsOnly(new ClipRange(0.1, 0.3));
    }

    @Test
    void theKlToTheBaseModelPullsTheAdapterBack() {
        ConsistencyPolicy free = ToyPolicies.fresh(backend);
        ConsistencyPolicy held = ToyPolicies.fresh(backend);
        PolicyLoss clipped = PolicyLosses.clipped();
        PpoConfig config = CONFIG.withInnerEpochs(10);
        UpdateReport loose = PpoOptimizer.of(free, config, clipped).update(rollout(free), ADVANTAGES);
        UpdateReport tight = PpoOptimizer.of(held, config, clipped.plus(100, PolicyLosses.klToBase()))
                .update(rollout(held), ADVANTAGES);
        assertThat(tight.approxKl()).isLessThan(loose.approxKl());
    }

    @Test
    void aRestoredOptimiserContinuesBitForBit() {
        ConsistencyPolicy straight = ToyPolicies.fresh(backend);
        PpoOptimizer ppo = PpoOptimizer.of(straight, CONFIG);
        ppo.update(rollout(straight), ADVANTAGES);
        Map<String, TensorData> state = ppo.state();
        ConsistencyPolicy resumed = ToyPolicies.fresh(backend);
        resumed.adapter().assign(straight.adapter());
        PpoOptimizer second = PpoOptimizer.of(resumed, CONFIG);
        second.restore(state);
        ppo.update(rollout(straight), ADVANTAGES);
        second.update(rollout(resumed), ADVANTAGES);
        assertThat(weights(resumed)).containsExactly(weights(straight));
    }

    @Test
    void wrongAdvantagesAreRefused() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        PpoOptimizer ppo = PpoOptimizer.of(policy, CONFIG);
        Rollout rollout = rollout(policy);
        assertThatThrownBy(() -> ppo.update(rollout, new double[] {1}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected 6 advantages");
        assertThatThrownBy(() -> ppo.update(rollout, new double[] {1, 2, Double.NaN, 0, 0, 0}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("advantage 2", "\"c\"");
    }

    @Test
    void countsBelowOneAreRefusedWithTheirValue() {
        assertThatThrownBy(() -> CONFIG.withMinibatch(0)).hasMessage("minibatch must be at least 1, got 0");
        assertThatThrownBy(() -> CONFIG.withTrajectoriesPerStep(-2))
                .hasMessage("trajectoriesPerStep must be at least 1, got -2");
    }

    @Test
    void oneStepHasNothingToLearnFrom() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend, SamplingPlan.steps(1));
        assertThatThrownBy(() -> PpoOptimizer.of(policy, CONFIG))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least 2 steps");
    }

    @Test
    void aLossThatReducesOverTheRowsIsRefused() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        assertThatThrownBy(() ->
                        PpoOptimizer.of(policy, CONFIG, terms -> terms.ratio().mean()))
                .hasMessageContaining("one number per transition, [")
                .hasMessageContaining("do not reduce over the rows");
    }
}
