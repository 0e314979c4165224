package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.TensorData;
import dev.rlcm.optim.Optimizer;
import dev.rlcm.optim.OptimizerConfig;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.testing.ToyPolicies;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.util.MathArrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an {@link UpdateObserver} sees is what the update does. */
class UpdateObserverTest {
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
    void aGivenOrderDecidesWhichTrajectoriesShareAStep() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        List<List<String>> steps = new ArrayList<>();
        PpoOptimizer.of(
                        policy,
                        CONFIG.withOrder(RowOrder.given(5, 0, 1, 4, 2, 3)).withInnerEpochs(2))
                .update(rollout(policy), ADVANTAGES, new UpdateObserver() {
                    @Override
                    public void onMinibatch(Minibatch minibatch) {
                        steps.add(minibatch.transitions().stream()
                                .map(transition -> transition.trajectory().prompt())
                                .distinct()
                                .toList());
                    }
                });
        List<String> first = List.of("f", "a", "b");
        List<String> second = List.of("e", "c", "d");
        assertThat(steps).containsExactly(first, second, first, second);
        assertThatThrownBy(() -> PpoOptimizer.of(policy, CONFIG.withOrder(RowOrder.given(0, 6)))
                        .update(rollout(policy), ADVANTAGES))
                .hasMessage("the order of rows must name trajectories in [0, 6), got 6");
    }

    /** What an observer sees of minibatches adds up to what the optimiser used. */
    @Test
    void minibatchesAddUpToTheirStep() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        Map<Integer, double[]> sums = new HashMap<>();
        Map<Integer, Double> losses = new HashMap<>();
        List<Integer> applied = new ArrayList<>();
        PpoOptimizer.of(policy, CONFIG.withMinibatch(4)).update(rollout(policy), ADVANTAGES, new UpdateObserver() {
            @Override
            public void onMinibatch(Minibatch minibatch) {
                losses.merge(minibatch.step(), minibatch.loss(), Double::sum);
                sums.merge(minibatch.step(), flat(minibatch.gradient().get()), MathArrays::ebeAdd);
            }

            @Override
            public void onStep(Step step) {
                applied.add(step.step());
                assertThat(step.applied()).isTrue();
                assertThat(losses.get(step.step())).isCloseTo(step.loss(), within(1e-9));
                assertThat(flat(step.gradient().get())).containsExactly(sums.get(step.step()), within(1e-6));
                assertThat(MathArrays.safeNorm(sums.get(step.step()))).isCloseTo(step.gradNorm(), within(1e-5));
            }
        });
        assertThat(applied).containsExactly(0, 1);
    }

    private static double[] flat(Map<String, TensorData> gradient) {
        return gradient.values().stream()
                .flatMapToDouble(tensor -> Arrays.stream(tensor.toDoubles()))
                .toArray();
    }

    /** Gradient descent without any state, as a host would add it. */
    private record Sgd(double learningRate) implements OptimizerConfig {
        @Override
        public Sgd withLearningRate(double rate) {
            return new Sgd(rate);
        }

        @Override
        public Optimizer optimizer(List<FloatBuffer> parameters) {
            return new Optimizer() {
                @Override
                public void step(List<FloatBuffer> gradients, double factor) {
                    for (int p = 0; p < gradients.size(); p++) {
                        for (int i = 0; i < gradients.get(p).limit(); i++) {
                            float change = (float) (learningRate * factor)
                                    * gradients.get(p).get(i);
                            parameters.get(p).put(i, parameters.get(p).get(i) - change);
                        }
                    }
                }

                @Override
                public Map<String, TensorData> state() {
                    return Map.of();
                }

                @Override
                public void restore(Map<String, TensorData> state) {}
            };
        }
    }

    @Test
    void anotherOptimiserTakesItsOwnSteps() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        double[] expected = flat(policy.adapter().tensors());
        List<double[]> gradients = new ArrayList<>();
        PpoOptimizer.of(policy, CONFIG.withOptimizer(new Sgd(0.5)).withTrajectoriesPerStep(6))
                .update(rollout(policy), ADVANTAGES, new UpdateObserver() {
                    @Override
                    public void onStep(Step step) {
                        gradients.add(flat(step.gradient().get()));
                    }
                });
        for (int i = 0; i < expected.length; i++) {
            expected[i] -= 0.5 * gradients.get(0)[i];
        }
        assertThat(flat(policy.adapter().tensors())).containsExactly(expected, within(1e-6));
    }
}
