package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.optim.LearningRateSchedule;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.policy.Transition;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.testing.FlakyBackend;
import dev.rlcm.testing.Logged;
import dev.rlcm.testing.ShiftPolicy;
import dev.rlcm.testing.ToyPolicies;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
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
        assertThat(ToyPolicies.weights(other)).containsExactly(ToyPolicies.weights(one), within(1e-5));
    }

    @Test
    void actionsOfGoodTrajectoriesBecomeMoreLikelyAndThoseOfBadOnesLess() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        PpoOptimizer ppo = PpoOptimizer.of(policy, CONFIG.withInnerEpochs(5));
        Rollout rollout = rollout(policy);
        ppo.update(rollout, ADVANTAGES);
        Map<Transition, Double> after = new HashMap<>();
        ppo.update(rollout, ADVANTAGES, new UpdateObserver() {
            @Override
            public void onMinibatch(Minibatch minibatch) {
                for (int i = 0; i < minibatch.transitions().size(); i++) {
                    after.putIfAbsent(minibatch.transitions().get(i), minibatch.logProbs()[i]);
                }
            }
        });
        double[] change = new double[rollout.size()];
        for (int i = 0; i < change.length; i++) {
            for (Transition transition : rollout.transitions(i)) {
                change[i] += after.get(transition) - transition.logProb();
            }
        }
        assertThat(change[2]).isPositive(); // advantage 2, the best
        assertThat(change[5]).isNegative(); // advantage -1.8, the worst
        assertThat(new PearsonsCorrelation().correlation(change, ADVANTAGES)).isGreaterThan(0.8);
    }

    @Test
    void aNonFiniteLossIsSkippedAndCounted() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        double[] before = ToyPolicies.weights(policy);
        PolicyLoss broken = terms -> terms.advantage().mul(Double.NaN);
        UpdateReport report = PpoOptimizer.of(policy, CONFIG, broken).update(rollout(policy), ADVANTAGES);
        assertThat(report.steps().skipped()).isEqualTo(2);
        assertThat(report.steps().applied()).isZero();
        assertThat(ToyPolicies.weights(policy)).containsExactly(before);
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
        assertThat(ToyPolicies.weights(resumed)).containsExactly(ToyPolicies.weights(straight));
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

    @Test
    void advantagesBeyondTheClampCountAsTheClamp() {
        ConsistencyPolicy clamped = ToyPolicies.fresh(backend);
        ConsistencyPolicy mild = ToyPolicies.fresh(backend);
        ConsistencyPolicy free = ToyPolicies.fresh(backend);
        PpoOptimizer.of(clamped, CONFIG.withAdvantageClamp(0.5))
                .update(rollout(clamped), new double[] {9, -0.25, 7, -5, 0.25, -8});
        PpoOptimizer.of(mild, CONFIG).update(rollout(mild), new double[] {0.5, -0.25, 0.5, -0.5, 0.25, -0.5});
        PpoOptimizer.of(free, CONFIG).update(rollout(free), new double[] {9, -0.25, 7, -5, 0.25, -8});
        assertThat(ToyPolicies.weights(clamped))
                .containsExactly(ToyPolicies.weights(mild))
                .isNotEqualTo(ToyPolicies.weights(free));
    }

    @Test
    void theScheduleIsAskedForEveryUpdateThatCounted() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        PpoOptimizer ppo = PpoOptimizer.of(policy, CONFIG.withSchedule(LearningRateSchedule.linear(1, 0, 2)));
        assertThat(ppo.update(rollout(policy), ADVANTAGES).steps().learningRate())
                .isEqualTo(1e-2);
        assertThat(ppo.update(rollout(policy), ADVANTAGES).steps().learningRate())
                .isEqualTo(0.5e-2);
        double[] before = ToyPolicies.weights(policy);
        assertThat(ppo.update(rollout(policy), ADVANTAGES).steps().learningRate())
                .isZero();
        assertThat(ToyPolicies.weights(policy)).containsExactly(before);
    }

    /** Whether the backend fails or the observer, and after however many optimiser steps. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void anUpdateThatFailsIsTakenBack(int runs) {
        try (FlakyBackend flaky = new FlakyBackend()) {
            PpoConfig config = CONFIG.withInnerEpochs(2).withMinibatch(6); // 4 steps of one run each
            ConsistencyPolicy straight = ToyPolicies.fresh(flaky);
            ConsistencyPolicy troubled = ToyPolicies.fresh(flaky);
            PpoOptimizer expected = PpoOptimizer.of(straight, config);
            PpoOptimizer ppo = PpoOptimizer.of(troubled, config);
            Rollout first = rollout(straight);
            expected.update(first, ADVANTAGES);
            ppo.update(first, ADVANTAGES);
            double[] before = ToyPolicies.weights(troubled);

            Rollout second = rollout(straight);
            flaky.failAfter(runs);
            assertThatThrownBy(() -> ppo.update(second, ADVANTAGES)).isInstanceOf(BackendException.class);
            flaky.mend();
            assertThat(ToyPolicies.weights(troubled)).containsExactly(before);
            assertThatThrownBy(() -> ppo.update(second, ADVANTAGES, new UpdateObserver() {
                        @Override
                        public void onStep(Step step) {
                            if (step.step() == runs) {
                                throw new IllegalStateException("seen enough");
                            }
                        }
                    }))
                    .hasMessage("seen enough");
            assertThat(ToyPolicies.weights(troubled)).containsExactly(before);

            expected.update(second, ADVANTAGES);
            ppo.update(second, ADVANTAGES);
            assertThat(ToyPolicies.weights(troubled)).containsExactly(ToyPolicies.weights(straight));
        }
    }

    @Test
    void aStateThatDoesNotFitIsRefusedAndChangesNothing() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        PpoOptimizer ppo = PpoOptimizer.of(policy, CONFIG);
        ppo.update(rollout(policy), ADVANTAGES);
        Map<String, TensorData> good = ppo.state();
        for (String name : List.of("updates", "loss_scale", "step", "exp_avg.0", "exp_avg_sq.3")) {
            Map<String, TensorData> bad =
                    new HashMap<>(PpoOptimizer.of(policy, CONFIG).state());
            assertThat(bad).containsKey(name);
            bad.put(name, TensorData.floats(Shape.of(1), 7));
            assertThatThrownBy(() -> ppo.restore(bad))
                    .as(name)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(name);
            ppo.state().forEach((key, tensor) -> assertThat(tensor.toDoubles())
                    .as(key)
                    .containsExactly(good.get(key).toDoubles()));
        }
    }

    @Test
    void ratiosThatAreNoiseAreWarnedOfOnce() {
        ShiftPolicy sampled = new ShiftPolicy(backend, LogProbReduction.SUM, 0, 0);
        Rollout rollout = sampled.rollout(List.of("a", "b"), RandomStreams.seeded(1));
        PpoOptimizer same = PpoOptimizer.of(sampled, PpoConfig.defaults());
        assertThat(Logged.during(() -> same.update(rollout, new double[] {0, 0})))
                .isEmpty();
        PpoOptimizer other =
                PpoOptimizer.of(new ShiftPolicy(backend, LogProbReduction.SUM, 0.1, 0), PpoConfig.defaults());
        assertThat(Logged.during(() -> {
                    other.update(rollout, new double[] {0, 0});
                    other.update(rollout, new double[] {0, 0});
                }))
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .contains(
                                "ratios differ from 1 by up to", "the clip range is 1.0E-4", "withRecomputedLogProbs"));
    }

    @Test
    void recordedOrdersAreThoseOfTheirUpdateAndPass() {
        RandomStreams random = RandomStreams.seeded(3);
        RowOrder order = RowOrder.recorded(List.of(
                List.of(new int[] {2, 0, 1}, new int[] {0, 1, 2}), List.of(new int[] {1, 2, 0}, new int[] {1, 0, 2})));
        assertThat(order.order(3, 0, 1, random)).containsExactly(0, 1, 2);
        assertThat(order.order(3, 1, 0, random)).containsExactly(1, 2, 0);
        assertThat(order).hasToString("recorded[[[2, 0, 1], [0, 1, 2]], [[1, 2, 0], [1, 0, 2]]]");
        assertThatThrownBy(() -> order.order(3, 2, 0, random))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no order was recorded for pass 0 of update 2, both counted from 0");
        assertThat(RowOrder.given(2, 1, 0).order(3, 7, 0, random)).containsExactly(2, 1, 0);
    }

    @Test
    void anOrderShuffledOnceIsKeptByTheInnerEpochsOfAnUpdateOnly() {
        RandomStreams random = RandomStreams.seeded(3);
        assertThat(RowOrder.shuffledOnce().order(50, 1, random))
                .isEqualTo(RowOrder.shuffledOnce().order(50, 0, random));
        assertThat(RowOrder.shuffledOnce().order(50, 0, random.at("next")))
                .isNotEqualTo(RowOrder.shuffledOnce().order(50, 0, random));
        assertThat(RowOrder.shuffled().order(50, 1, random))
                .isNotEqualTo(RowOrder.shuffled().order(50, 0, random));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 6})
    void partsOfALossAreReportedWithoutChangingIt(int minibatch) {
        ConsistencyPolicy silent = ToyPolicies.fresh(backend);
        ConsistencyPolicy telling = ToyPolicies.fresh(backend);
        PolicyLoss clipped = PolicyLosses.clipped();
        PolicyLoss quiet = clipped.plus(0.5, PolicyLosses.klToBase());
        PolicyLoss loud =
                clipped.named("surrogate").plus(0.5, PolicyLosses.klToBase().named("kl"));
        PpoConfig config = CONFIG.withMinibatch(minibatch);
        UpdateReport without = PpoOptimizer.of(silent, config, quiet).update(rollout(silent), ADVANTAGES);
        UpdateReport with = PpoOptimizer.of(telling, config, loud).update(rollout(telling), ADVANTAGES);
        assertThat(without.losses().parts()).isEmpty();
        assertThat(with.losses().parts()).containsOnlyKeys("surrogate", "kl");
        double sum = with.losses().parts().get("surrogate")
                + 0.5 * with.losses().parts().get("kl");
        assertThat(with.loss()).isCloseTo(sum, within(1e-6));
        assertThat(with.losses().parts().get("kl")).isPositive();
        assertThat(ToyPolicies.weights(telling)).containsExactly(ToyPolicies.weights(silent), within(1e-9));
    }

    @Test
    void partsThatCannotBeReportedAreRefusedWhenTheOptimiserIsMade() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        PolicyLoss clipped = PolicyLosses.clipped();
        assertThatThrownBy(
                        () -> PpoOptimizer.of(policy, CONFIG, clipped.named("a").plus(1, clipped.named("a"))))
                .hasMessageContaining("reports a twice");
        assertThatThrownBy(() -> PpoOptimizer.of(policy, CONFIG, clipped.named("a,b")))
                .hasMessageContaining("got \"a,b\"");
        PolicyLoss reduced = terms -> {
            terms.report("mean", terms.ratio().mean());
            return terms.ratio();
        };
        assertThatThrownBy(() -> PpoOptimizer.of(policy, CONFIG, reduced))
                .hasMessageContaining("must be one number per transition");
    }
}
