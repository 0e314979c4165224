package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.optim.LossScaling;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.Rollout;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.testing.ToyPolicies;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Loss scaling: it changes no update, only which ones are possible. */
class HalfPrecisionUpdateTest {
    private static final List<String> PROMPTS = List.of("a", "b", "c", "d", "e", "f");
    private static final double[] ADVANTAGES = {1, -0.5, 2, -1, 0.3, -1.8};
    private static final PpoConfig CONFIG =
            PpoConfig.defaults().withLearningRate(1e-2).withClipRange(0.2).withTrajectoriesPerStep(3);
    private static final String LOSS_SCALE = PolicyGraph.RESERVED + "loss_scale";

    private final ReferenceBackend reference = new ReferenceBackend();

    @AfterEach
    void close() {
        reference.close();
    }

    /** Gradients overflow where the loss scale is above a limit, as they do on a device. */
    private final class Overflowing implements Backend {
        private double limit;
        private double bias;

        private Overflowing(double limit) {
            this.limit = limit;
        }

        @Override
        public Executable compile(Graph graph) {
            Executable exact = reference.compile(graph);
            return new Executable() {
                @Override
                public Map<String, TensorData> run(Map<String, TensorData> inputs) {
                    return exact.run(inputs);
                }

                @Override
                public void run(Map<String, TensorData> inputs, Map<String, TensorData> outputs) {
                    exact.run(inputs, outputs);
                    boolean overflow = inputs.containsKey(LOSS_SCALE)
                            && inputs.get(LOSS_SCALE).getDouble(0) > limit;
                    outputs.forEach((name, tensor) -> {
                        if (overflow && name.startsWith("gradient.")) {
                            tensor.setDouble(0, Double.POSITIVE_INFINITY);
                        }
                        if (name.equals("log_prob")) {
                            tensor.setDouble(0, tensor.getDouble(0) + bias);
                        }
                    });
                }

                @Override
                public void close() {
                    exact.close();
                }
            };
        }

        @Override
        public void close() {
            reference.close();
        }
    }

    private static Rollout rollout(ConsistencyPolicy policy) {
        return policy.rollout(PROMPTS, RandomStreams.seeded(11));
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void thePrecisionChangesAnUpdateByRoundingOnly(Precision precision) {
        ConsistencyPolicy single = ToyPolicies.fresh(reference);
        ConsistencyPolicy other = ToyPolicies.fresh(reference, precision);
        PpoOptimizer.of(single, CONFIG).update(rollout(single), ADVANTAGES);
        UpdateReport report = PpoOptimizer.of(other, CONFIG).update(rollout(other), ADVANTAGES);
        assertThat(report.steps().lossScale()).isEqualTo(precision == Precision.FLOAT16 ? 0x1p15 : 1);
        assertThat(report.ratios().initialError()).isLessThan(1e-6);
        assertThat(ToyPolicies.weights(other)).containsExactly(ToyPolicies.weights(single), within(2e-3));
    }

    @Test
    void theLossScaleDoesNotChangeTheUpdate() {
        ConsistencyPolicy small = ToyPolicies.fresh(reference, Precision.FLOAT16);
        ConsistencyPolicy large = ToyPolicies.fresh(reference, Precision.FLOAT16);
        UpdateReport one = PpoOptimizer.of(small, CONFIG.withLossScaling(new LossScaling(1, 1000)))
                .update(rollout(small), ADVANTAGES);
        UpdateReport other = PpoOptimizer.of(large, CONFIG.withLossScaling(new LossScaling(0x1p20, 1000)))
                .update(rollout(large), ADVANTAGES);
        assertThat(other.steps().gradNorm()).isCloseTo(one.steps().gradNorm(), within(1e-6));
        assertThat(ToyPolicies.weights(large)).containsExactly(ToyPolicies.weights(small), within(1e-6));
    }

    @Test
    void overflowingStepsAreSkippedUntilTheScaleFits() {
        ConsistencyPolicy policy = ToyPolicies.fresh(new Overflowing(0x1p13), Precision.FLOAT16);
        double[] before = ToyPolicies.weights(policy);
        PpoOptimizer ppo = PpoOptimizer.of(policy, CONFIG);
        UpdateReport first = ppo.update(rollout(policy), ADVANTAGES);
        assertThat(first.steps().skipped()).isEqualTo(2);
        assertThat(first.steps().applied()).isZero();
        assertThat(first.steps().lossScale()).isEqualTo(0x1p13);
        assertThat(ToyPolicies.weights(policy)).containsExactly(before);
        UpdateReport second = ppo.update(rollout(policy), ADVANTAGES);
        assertThat(second.steps().skipped()).isZero();
        assertThat(second.steps().applied()).isEqualTo(2);
        assertThat(ToyPolicies.weights(policy)).isNotEqualTo(before);
    }

    @Test
    void aLossThatIsNotFiniteLeavesTheScaleAlone() {
        ConsistencyPolicy policy = ToyPolicies.fresh(reference, Precision.FLOAT16);
        PolicyLoss broken = terms -> terms.ratio().mul(Double.NaN);
        UpdateReport report = PpoOptimizer.of(policy, CONFIG, broken).update(rollout(policy), ADVANTAGES);
        assertThat(report.steps().skipped()).isEqualTo(2);
        assertThat(report.steps().lossScale()).isEqualTo(0x1p15);
    }

    @Test
    void aRestoredOptimiserContinuesAtItsLossScale() {
        ConsistencyPolicy policy = ToyPolicies.fresh(new Overflowing(0x1p14), Precision.FLOAT16);
        PpoOptimizer ppo = PpoOptimizer.of(policy, CONFIG);
        ppo.update(rollout(policy), ADVANTAGES);
        PpoOptimizer resumed = PpoOptimizer.of(policy, CONFIG);
        resumed.restore(ppo.state());
        UpdateReport report = resumed.update(rollout(policy), ADVANTAGES);
        assertThat(report.steps().skipped()).isZero();
        assertThat(report.steps().lossScale()).isEqualTo(0x1p14);
    }

    @Test
    void recomputedLogProbabilitiesMakeTheFirstRatiosOne() {
        Overflowing backend = new Overflowing(Double.MAX_VALUE);
        backend.bias = 0.01; // of the update's graph: the sampler's has no such output
        ConsistencyPolicy noisy = ToyPolicies.fresh(backend);
        ConsistencyPolicy clean = ToyPolicies.fresh(backend);
        UpdateReport recorded = PpoOptimizer.of(noisy, CONFIG).update(rollout(noisy), ADVANTAGES);
        UpdateReport recomputed =
                PpoOptimizer.of(clean, CONFIG.withRecomputedLogProbs(true)).update(rollout(clean), ADVANTAGES);
        assertThat(recorded.ratios().initialError()).isGreaterThan(9e-3);
        assertThat(recomputed.ratios().initialError()).isZero();
    }
}
