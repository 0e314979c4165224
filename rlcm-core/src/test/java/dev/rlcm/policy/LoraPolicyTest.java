package dev.rlcm.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.mdp.DdimSchedule;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.KarrasSchedule;
import dev.rlcm.mdp.LastStep;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import dev.rlcm.testing.ToyModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LoraPolicyTest {
    private static final List<String> PROMPTS = List.of("a cat", "a dog", "a fox", "a cat");

    private final ReferenceBackend backend = new ReferenceBackend();
    private final ToyModel model = new ToyModel();

    @AfterEach
    void close() {
        backend.close();
    }

    private ConsistencyPolicy policy(SamplingPlan plan, Schedule schedule) {
        LoraConfig lora = LoraConfig.rank(2).targeting("to_q", "to_out.0");
        LoraAdapter adapter =
                LoraAdapter.initial(lora, LoraInjection.sites(model.denoiser(1)), RandomStreams.seeded(3));
        // A trained adapter, so that what is sampled depends on it.
        adapter.parameters().forEach(buffer -> {
            for (int i = 0; i < buffer.limit(); i++) {
                buffer.put(i, buffer.get(i) + 0.1f * (i % 3));
            }
        });
        return ConsistencyPolicy.of(model, schedule, plan.rollout(), adapter, backend);
    }

    private ConsistencyPolicy policy(SamplingPlan plan) {
        LatentConsistencySchedule schedule =
                LatentConsistencySchedule.defaults().withLastStep(plan.lastStep());
        return policy(plan, schedule.steps(plan.steps()));
    }

    @Test
    void aRolloutOfFourEqualsFourRolloutsOfOneWhateverTheBatch() {
        RandomStreams random = RandomStreams.seeded(5);
        Rollout together = policy(SamplingPlan.steps(4).withBatch(4)).rollout(PROMPTS, random);
        Rollout uneven = policy(SamplingPlan.steps(4).withBatch(3)).rollout(PROMPTS, random);
        Rollout single = policy(SamplingPlan.steps(4).withBatch(1)).rollout(PROMPTS, random);
        for (int i = 0; i < PROMPTS.size(); i++) {
            assertThat(uneven.samples().get(i).pixels())
                    .containsExactly(together.samples().get(i).pixels());
            assertThat(single.samples().get(i).pixels())
                    .containsExactly(together.samples().get(i).pixels());
        }
        assertThat(together.samples().get(0).pixels())
                .isNotEqualTo(together.samples().get(3).pixels());
    }

    @Property(tries = 8)
    void omittingTheLastNoiseLeavesOneActionLessThanEvaluations(@ForAll @IntRange(min = 1, max = 6) int steps) {
        Trajectory omitted = policy(SamplingPlan.steps(steps))
                .rollout(PROMPTS, RandomStreams.seeded(1))
                .trajectories()
                .get(0);
        Trajectory reference = policy(SamplingPlan.steps(steps).withLastStep(LastStep.REFERENCE))
                .rollout(PROMPTS, RandomStreams.seeded(1))
                .trajectories()
                .get(0);
        assertThat(omitted.actions()).isEqualTo(steps - 1);
        assertThat(reference.actions()).isEqualTo(steps);
        assertThat(reference.sample().pixels()).containsExactly(omitted.sample().pixels());
    }

    @ParameterizedTest
    @EnumSource(LogProbReduction.class)
    void theGraphScoresActionsAsTheRolloutDid(LogProbReduction reduction) {
        ConsistencyPolicy policy = policy(SamplingPlan.steps(4).withReduction(reduction));
        assertSameLogProbs(policy, policy.rollout(PROMPTS, RandomStreams.seeded(2)));
    }

    @Test
    void varianceExplodingSchedulesScaleTheNetworksInput() {
        ConsistencyPolicy policy =
                policy(SamplingPlan.steps(3), KarrasSchedule.defaults().steps(3));
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(2));
        assertThat(rollout.trajectories().get(0).step(0).inputScale()).isNotEqualTo(1);
        assertSameLogProbs(policy, rollout);
    }

    /** DDIM with noise, as DDPO samples: the picture is that of the last action, its noise included. */
    @Test
    void theSampleOfAStochasticLastStepIsTheLastState() {
        ConsistencyPolicy policy =
                policy(SamplingPlan.steps(3), DdimSchedule.defaults().steps(3));
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(2));
        for (Trajectory trajectory : rollout.trajectories()) {
            assertThat(trajectory.actions()).isEqualTo(3);
            assertThat(trajectory.sample().pixels()).containsExactly(Arrays.copyOf(trajectory.state(3), 6));
        }
        assertSameLogProbs(policy, rollout);
    }

    private void assertSameLogProbs(ConsistencyPolicy policy, Rollout rollout) {
        List<Transition> rows = new ArrayList<>();
        for (int i = 0; i < rollout.size(); i++) {
            rows.addAll(rollout.transitions(i));
        }
        PolicyGraph graph = policy.graph(rows.size());
        double[] logProbs = evaluate(policy, graph, rows, graph.logProb());
        for (int i = 0; i < rows.size(); i++) {
            assertThat(logProbs[i]).isCloseTo(rows.get(i).logProb(), within(1e-4));
        }
    }

    private double[] evaluate(ConsistencyPolicy policy, PolicyGraph graph, List<Transition> rows, Value value) {
        Graph program = Graph.of("value", value);
        PolicyGraph.Batch batch = graph.newBatch(program, policy.adapter().tensors());
        for (int i = 0; i < rows.size(); i++) {
            batch.set(i, rows.get(i));
        }
        return backend.compile(program).run(batch.inputs()).get("value").toDoubles();
    }

    @Test
    void theBaseMeanIsThatOfTheModelWithoutAdapter() {
        ConsistencyPolicy policy = policy(SamplingPlan.steps(2));
        List<Transition> rows = policy.rollout(PROMPTS, RandomStreams.seeded(2)).transitions(0);
        PolicyGraph graph = policy.graph(1);
        double[] base = evaluate(policy, graph, rows, graph.baseMean());
        assertThat(base).isNotEqualTo(evaluate(policy, graph, rows, graph.mean()));
        policy.adapter().parameters().forEach(buffer -> {
            for (int i = 0; i < buffer.limit(); i++) {
                buffer.put(i, 0);
            }
        });
        assertThat(base).containsExactly(evaluate(policy, graph, rows, graph.mean()), within(1e-12));
    }

    @Test
    void deterministicStepsBetweenActionsAreRefused() {
        GaussianStep action = new GaussianStep(900, 1, 0.9, 0.1, 0.5);
        GaussianStep quiet = new GaussianStep(500, 1, 0.8, 0.2, 0);
        SamplingPlan plan = SamplingPlan.steps(3);
        assertThatThrownBy(() -> policy(plan, new Schedule(List.of(quiet, action, quiet, action, quiet), 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must not have deterministic steps between stochastic ones");
    }

    @Test
    void aTrajectoryStartsWhereTheWindowOfActionsDoes() {
        GaussianStep action = new GaussianStep(900, 1, 0.9, 0.1, 0.5);
        GaussianStep quiet = new GaussianStep(500, 1, 0.8, 0.2, 0);
        SamplingPlan plan = SamplingPlan.steps(3);
        ConsistencyPolicy windowed = policy(plan, new Schedule(List.of(quiet, action, action, quiet), 1));
        Rollout sampled = windowed.rollout(PROMPTS, RandomStreams.seeded(5));
        assertThat(sampled.transitions(0)).hasSize(2);
        assertSameLogProbs(windowed, sampled);
        ConsistencyPolicy prefix = policy(plan, new Schedule(List.of(quiet), 1));
        float[] afterPrefix = prefix.rollout(PROMPTS, RandomStreams.seeded(5))
                .trajectories()
                .get(0)
                .latent()
                .orElseThrow();
        assertThat(sampled.trajectories().get(0).state(0)).containsExactly(afterPrefix);
    }

    @Test
    void deterministicStepsMayFollowTheActions() {
        GaussianStep action = new GaussianStep(900, 1, 0.9, 0.1, 0.5);
        GaussianStep quiet = new GaussianStep(500, 1, 0.8, 0.2, 0);
        SamplingPlan plan = SamplingPlan.steps(3);
        ConsistencyPolicy policy = policy(plan, new Schedule(List.of(action, action, quiet, quiet), 1));
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(5));
        assertThat(rollout.transitions(0)).hasSize(2);
        assertSameLogProbs(policy, rollout);
    }

    @Test
    void picturesAreHandedOverBatchByBatch() {
        List<Integer> sizes = new ArrayList<>();
        List<Sample> seen = new ArrayList<>();
        Rollout rollout = policy(SamplingPlan.steps(2).withBatch(3))
                .rollout(PROMPTS, RandomStreams.seeded(2), samples -> {
                    sizes.add(samples.size());
                    seen.addAll(samples);
                });
        assertThat(sizes).containsExactly(3, 1);
        assertThat(seen).isEqualTo(rollout.samples());
    }

    @Test
    void anEmptyRolloutIsRefused() {
        ConsistencyPolicy policy = policy(SamplingPlan.steps(2));
        assertThatThrownBy(() -> policy.rollout(List.of(), RandomStreams.seeded(2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least one prompt");
    }

    @Test
    void aRecordedNoiseReplaysARollout() {
        ConsistencyPolicy policy = policy(SamplingPlan.steps(4).withBatch(3));
        RandomStreams random = RandomStreams.seeded(5);
        Rollout original = policy.rollout(PROMPTS, random);
        Map<List<Integer>, float[]> recorded = new HashMap<>();
        policy.rollout(PROMPTS, (trajectory, draw, size) -> {
            float[] values = random.draw(trajectory, draw, size);
            recorded.put(List.of(trajectory, draw), values);
            return values;
        });
        assertThat(recorded).hasSize(4 * 4); // the initial latent and 3 actions of 4 trajectories
        Rollout replayed = policy.rollout(PROMPTS, (trajectory, draw, size) -> recorded.get(List.of(trajectory, draw)));
        for (int i = 0; i < original.size(); i++) {
            for (int k = 0; k <= 3; k++) {
                assertThat(replayed.trajectories().get(i).state(k))
                        .containsExactly(original.trajectories().get(i).state(k));
            }
        }
    }

    @Test
    void noiseOfTheWrongSizeOrWithoutBoundsIsRefused() {
        ConsistencyPolicy policy = policy(SamplingPlan.steps(2));
        assertThatThrownBy(() -> policy.rollout(PROMPTS, (trajectory, draw, size) -> new float[7 + trajectory]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the noise of trajectory 0, draw 0, must be 8 values, got 7");
        assertThatThrownBy(() -> policy.rollout(PROMPTS, (trajectory, draw, size) -> {
                    float[] values = new float[size];
                    values[2] = draw == 1 ? Float.NaN : 0;
                    return values;
                }))
                .hasMessage("the noise of trajectory 0, draw 1, must be finite, got NaN");
    }

    /** What a host's model may say of a prompt, and what is wrong with it. */
    @Test
    void conditioningThatDoesNotFitTheDenoiserIsRefusedBeforeAnythingIsSampled() {
        TensorData fitting = TensorData.zeros(DataType.FLOAT32, Shape.of(6));
        Map<Map<String, TensorData>, String> cases = Map.of(
                Map.of(), "lacks [prompt]",
                Map.of("prompt", fitting, "style", fitting), "has unknown [style]",
                Map.of("prompt", TensorData.zeros(DataType.FLOAT32, Shape.of(5))), "must be FLOAT32[6], got FLOAT32[5]",
                Map.of("prompt", TensorData.zeros(DataType.FLOAT64, Shape.of(6))),
                        "must be FLOAT32[6], got FLOAT64[6]");
        cases.forEach((row, message) -> {
            ConsistencyPolicy policy = policy(SamplingPlan.steps(2), conditionedOn(row));
            assertThatThrownBy(() -> policy.rollout(PROMPTS, RandomStreams.seeded(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("\"a cat\"")
                    .hasMessageContaining(message);
        });
    }

    private ConsistencyPolicy policy(SamplingPlan plan, ConsistencyModel host) {
        LoraAdapter adapter = policy(plan).adapter();
        return ConsistencyPolicy.of(
                host, LatentConsistencySchedule.defaults().steps(plan.steps()), plan.rollout(), adapter, backend);
    }

    private ConsistencyModel conditionedOn(Map<String, TensorData> row) {
        return new ConsistencyModel() {
            @Override
            public Shape latentShape() {
                return model.latentShape();
            }

            @Override
            public Graph denoiser(int batch) {
                return model.denoiser(batch);
            }

            @Override
            public List<Map<String, TensorData>> condition(List<String> prompts, double guidanceScale) {
                return Collections.nCopies(prompts.size(), row);
            }

            @Override
            public List<Sample> decode(List<String> prompts, TensorData latents) {
                return model.decode(prompts, latents);
            }
        };
    }
}
