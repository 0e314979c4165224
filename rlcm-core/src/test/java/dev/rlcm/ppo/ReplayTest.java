package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npz;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LastStep;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.mdp.TimestepRule;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.RolloutRequest;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Minibatches of the reference implementation, replayed through what a host has: its rows, its order, its numbers. */
class ReplayTest {
    private static final Path CASES =
            Path.of(System.getProperty("rlcm.root"), "fixtures", "ppo-golden", "ppo_grad_cases.npz");
    private static final int ROWS = 3;
    private static final int LATENT = 4 * 8 * 8;
    private static final Schedule SCHEDULE = LatentConsistencySchedule.defaults()
            .withRule(TimestepRule.REFERENCE)
            .withLastStep(LastStep.REFERENCE)
            .steps(4);

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void aMinibatchOfTheReferenceIsReplayedWithItsLossAndGradients(int number) throws IOException {
        Map<String, TensorData> arrays = Npz.read(CASES);
        String prefix = "case" + number + "_";
        List<UpdateObserver.Minibatch> seen = new ArrayList<>();
        List<TensorData> gradients = new ArrayList<>();
        UpdateObserver observer = new UpdateObserver() {
            @Override
            public void onMinibatch(Minibatch minibatch) {
                seen.add(minibatch);
                gradients.add(minibatch.gradient().get().get("outputs"));
            }
        };
        try (ReferenceBackend backend = new ReferenceBackend()) {
            Policy policy = new FixedOutputs(backend, arrays.get(prefix + "model_output"));
            PpoConfig config = PpoConfig.defaults()
                    .withClipRange(arrays.get(prefix + "clip_range").getDouble(0))
                    .withAdvantageClamp(arrays.get(prefix + "adv_clip_max").getDouble(0)) // one advantage is beyond
                    .withTrajectoriesPerStep(ROWS)
                    .withMinibatch(ROWS)
                    .withOrder(RowOrder.asSampled());
            UpdateReport report = PpoOptimizer.of(policy, config)
                    .update(
                            rollout(arrays, prefix),
                            arrays.get(prefix + "advantages").toDoubles(),
                            observer);
            assertThat(report.loss()).isCloseTo(arrays.get(prefix + "loss").getDouble(0), within(1e-5));
        }
        assertThat(seen).hasSize(1);
        assertThat(seen.get(0).logProbs())
                .containsExactly(arrays.get(prefix + "log_prob").toDoubles(), within(2e-6));
        double[] expected = arrays.get(prefix + "dloss_dmodel_output").toDoubles();
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        assertThat(gradients.get(0).toDoubles()).containsExactly(expected, within(1e-5 * largest));
    }

    private static Rollout rollout(Map<String, TensorData> arrays, String prefix) {
        List<Trajectory> trajectories = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            GaussianStep step =
                    SCHEDULE.steps().get((int) arrays.get(prefix + "time_index").getLong(row));
            assertThat(step.timestep())
                    .isEqualTo(arrays.get(prefix + "timestep").getDouble(row));
            trajectories.add(Trajectory.of(
                    Map.of(),
                    List.of(latent(arrays, prefix + "sample", row), latent(arrays, prefix + "prev_sample", row)),
                    List.of(step),
                    new double[] {arrays.get(prefix + "old_log_prob").getDouble(row)},
                    Sample.of("row " + row, 1, 1, new float[3])));
        }
        return new Rollout(trajectories);
    }

    private static float[] latent(Map<String, TensorData> arrays, String name, int row) {
        return Arrays.copyOfRange(arrays.get(name).toFloats(), row * LATENT, (row + 1) * LATENT);
    }

    /** A host's policy whose network gives row i the i-th of its parameters, so that these get the network's gradients. */
    private record FixedOutputs(Backend backend, TensorData outputs) implements Policy {
        @Override
        public Map<String, TensorData> parameters() {
            return Map.of("outputs", outputs);
        }

        @Override
        public PolicyGraph graph(int rows) {
            Value sample = Value.input(ConsistencyModel.SAMPLE, DataType.FLOAT32, Shape.of(rows, 4, 8, 8));
            Value timestep = Value.input(ConsistencyModel.TIMESTEP, DataType.FLOAT32, Shape.of(rows));
            Value parameter = Value.input("outputs", DataType.FLOAT32, outputs.shape());
            Graph network = new Graph(List.of(sample, timestep, parameter), Map.of("out", parameter));
            return PolicyGraph.of(network, List.of(parameter), LogProbReduction.MEAN);
        }

        @Override
        public Schedule schedule() {
            return SCHEDULE;
        }

        @Override
        public Rollout rollout(RolloutRequest request) {
            throw new UnsupportedOperationException("this policy replays");
        }

        @Override
        public void close() {}
    }
}
