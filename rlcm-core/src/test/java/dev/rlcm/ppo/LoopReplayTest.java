package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.reward.Sample;
import dev.rlcm.testing.ShiftPolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** The reference's loops in PyTorch, step by step, with norm clipping and weight decay. */
class LoopReplayTest {
    private static final Path FOLDER = Path.of(System.getProperty("rlcm.root"), "fixtures", "ppo-golden");

    /** Two passes over three pairs, a pair a step. */
    @Test
    void everyStepOfRebelIsThatOfTheReferencesLoop() throws IOException {
        JsonNode golden = golden("rebel_loop.json", 6);
        double eta = golden.get("eta").asDouble();
        replay(golden, config(golden), Objective.pairs(PairLoss.rebel(eta), Pairing.neighbours()));
    }

    /** Three passes over six trajectories, two a step; 24 of the 36 ratios are beyond the clip range. */
    @Test
    void everyStepOfPpoIsThatOfTheReferencesLoop() throws IOException {
        JsonNode golden = golden("ppo_loop.json", 9);
        PpoConfig config = config(golden).withClipRange(golden.get("clip_range").asDouble());
        replay(golden, config.withInnerEpochs(3), Objective.of(PolicyLosses.clipped()));
    }

    private static JsonNode golden(String file, int steps) throws IOException {
        JsonNode golden = new ObjectMapper().readTree(FOLDER.resolve(file).toFile());
        assertThat(golden.get("log")).hasSize(steps);
        return golden;
    }

    private static PpoConfig config(JsonNode golden) {
        return PpoConfig.defaults()
                .withOptimizer(AdamWConfig.defaults()
                        .withLearningRate(golden.get("learning_rate").asDouble())
                        .withWeightDecay(golden.get("weight_decay").asDouble()))
                .withMaxGradNorm(golden.get("max_grad_norm").asDouble())
                .withTrajectoriesPerStep(2)
                .withMinibatch(3)
                .withInnerEpochs(2)
                .withOrder((pairs, innerEpoch, random) -> StreamSupport.stream(
                                golden.get("orders").get(innerEpoch).spliterator(), false)
                        .mapToInt(JsonNode::asInt)
                        .toArray());
    }

    private static void replay(JsonNode golden, PpoConfig config, Objective objective) {
        JsonNode log = golden.get("log");
        try (ReferenceBackend backend = new ReferenceBackend()) {
            ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.SUM, doubles(golden.get("theta")));
            List<UpdateObserver.Step> steps = new ArrayList<>();
            List<double[]> shifts = new ArrayList<>();
            PpoOptimizer.of(policy, config, objective)
                    .update(rollout(golden), doubles(golden.get("advantages")), new UpdateObserver() {
                        @Override
                        public void onStep(Step step) {
                            steps.add(step);
                            shifts.add(policy.shift());
                        }
                    });
            assertThat(steps).hasSize(log.size());
            for (int i = 0; i < steps.size(); i++) {
                JsonNode expected = log.get(i);
                assertThat(steps.get(i).loss()).isCloseTo(expected.get("loss").asDouble(), within(1e-4));
                double norm = expected.get("grad_norm").asDouble();
                assertThat(steps.get(i).gradNorm()).isCloseTo(norm, within(1e-4 * norm + 1e-9));
                assertThat(shifts.get(i)).containsExactly(doubles(expected.get("theta")), within(1e-6));
            }
        }
    }

    private static Rollout rollout(JsonNode golden) {
        List<GaussianStep> steps = new ArrayList<>();
        golden.get("steps")
                .forEach(step -> steps.add(new GaussianStep(
                        500,
                        1,
                        step.get("a").asDouble(),
                        step.get("b").asDouble(),
                        step.get("sigma").asDouble())));
        List<Trajectory> trajectories = new ArrayList<>();
        for (int i = 0; i < golden.get("states").size(); i++) {
            List<float[]> states = new ArrayList<>();
            golden.get("states").get(i).forEach(state -> states.add(floats(state)));
            Sample picture = Sample.of("prompt " + i / 2, 1, 1, new float[3]);
            trajectories.add(Trajectory.of(
                    Map.of(), states, steps, doubles(golden.get("old_log_probs").get(i)), picture));
        }
        return new Rollout(trajectories);
    }

    private static double[] doubles(JsonNode array) {
        return IntStream.range(0, array.size())
                .mapToDouble(i -> array.get(i).asDouble())
                .toArray();
    }

    private static float[] floats(JsonNode array) {
        return new float[] {
            (float) array.get(0).asDouble(), (float) array.get(1).asDouble()
        };
    }
}
