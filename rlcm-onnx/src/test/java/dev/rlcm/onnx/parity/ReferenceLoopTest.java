package dev.rlcm.onnx.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Npy;
import dev.rlcm.io.Npz;
import dev.rlcm.mdp.LastStep;
import dev.rlcm.mdp.TimestepRule;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.LearningRateSchedule;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.policy.Transition;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.Objective;
import dev.rlcm.ppo.PairLoss;
import dev.rlcm.ppo.Pairing;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.ppo.RowOrder;
import dev.rlcm.ppo.UpdateObserver;
import dev.rlcm.random.Noise;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The two loops of RLCM's reference implementation on the network and adapter of tiny-lcm, replayed as a host would: sampling,
 * rewards, advantages and optimiser steps of two iterations, with given noises, orders and pairs. See fixtures/loop-golden.
 */
class ReferenceLoopTest {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");
    private static final Path GOLDEN = FIXTURES.resolve("loop-golden");
    private static final int TRAJECTORIES = 4;
    private static final int ITERATIONS = 2;
    private static final int ACTIONS = 4;
    private static final SamplingPlan PLAN = SamplingPlan.steps(ACTIONS)
            .withGuidance(8)
            .withTimestepRule(TimestepRule.REFERENCE)
            .withLastStep(LastStep.REFERENCE);

    private static OrtBackend backend;
    private static LatentConsistencyModel model;
    private static float[] noise;
    private static List<String> prompts;

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu();
        model = LatentConsistencyModel.load(FIXTURES.resolve("tiny-lcm"), backend);
        noise = Npy.read(GOLDEN.resolve("noise.npy")).toFloats();
        JsonNode texts = new ObjectMapper()
                .readTree(FIXTURES.resolve("tokenizer-golden/prompts.json").toFile());
        String first = texts.get(4).get("text").textValue();
        String second = texts.get(5).get("text").textValue();
        prompts = List.of(first, second, first, second);
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    /** Two passes an iteration, two trajectories a step, AdamW with decay; advantages, ratios and norms are clipped. */
    @Test
    void everyStepOfPpoIsThatOfTheReference() throws IOException {
        JsonNode golden = golden("ppo");
        PpoConfig config = config(golden)
                .withClipRange(golden.get("clip_range").asDouble())
                .withAdvantageClamp(golden.get("advantage_clamp").asDouble())
                .withMaxGradNorm(golden.get("max_grad_norm").asDouble())
                .withOptimizer(
                        adam(golden).withWeightDecay(golden.get("weight_decay").asDouble()))
                .withTrajectoriesPerStep(2);
        replay("ppo", config, Objective.of(PolicyLosses.clipped()), order -> order);
    }

    /** A pair a step, Adam, nothing clipped, as the reference has it. */
    @Test
    void everyStepOfRebelIsThatOfTheReference() throws IOException {
        JsonNode golden = golden("rebel");
        PpoConfig config = config(golden)
                .withAdvantageClamp(Double.MAX_VALUE)
                .withMaxGradNorm(Double.POSITIVE_INFINITY)
                .withOptimizer(adam(golden))
                .withTrajectoriesPerStep(2);
        Pairing pairs = Pairing.given(List.of(new Pairing.Pair(0, 2), new Pairing.Pair(1, 3)));
        replay("rebel", config, Objective.pairs(PairLoss.rebel(golden.get("eta").asDouble()), pairs), pair ->
                new int[] {pair[0], pair[0] + 2});
    }

    private static JsonNode golden(String name) throws IOException {
        return new ObjectMapper().readTree(GOLDEN.resolve(name + ".json").toFile());
    }

    private static AdamWConfig adam(JsonNode golden) {
        return AdamWConfig.defaults()
                .withLearningRate(golden.get("learning_rate").asDouble());
    }

    private static PpoConfig config(JsonNode golden) {
        List<List<int[]>> orders = stream(golden.get("iterations"))
                .map(iteration -> stream(iteration.get("orders"))
                        .map(pass -> stream(pass).mapToInt(JsonNode::asInt).toArray())
                        .toList())
                .toList();
        return PpoConfig.defaults()
                .withInnerEpochs(2)
                .withMinibatch(3)
                .withOrder(RowOrder.recorded(orders))
                .withSchedule(LearningRateSchedule.reference(ITERATIONS));
    }

    /** What unit of a step the trajectories of a golden's log-probabilities belong to. */
    private interface Unit {
        int[] trajectories(int[] unit);
    }

    private static void replay(String name, PpoConfig config, Objective objective, Unit unit) throws IOException {
        JsonNode iterations = golden(name).get("iterations");
        AdvantageEstimator credit = AdvantageEstimator.perPrompt(16, 3);
        RewardFunction reward = RewardFunction.each(ReferenceLoopTest::redLessBlue);
        try (ConsistencyPolicy policy =
                        model.policy(model.adapter(FIXTURES.resolve("tiny-lcm-golden/lora_peft.safetensors")), PLAN);
                PpoOptimizer ppo = PpoOptimizer.of(policy, config, objective)) {
            Map<String, float[]> initial = withoutEffect(policy.parameters());
            for (int i = 0; i < ITERATIONS; i++) {
                JsonNode expected = iterations.get(i);
                int first = i * TRAJECTORIES;
                Noise given = (trajectory, draw, size) -> noise(first + trajectory, draw, size);
                Rollout rollout = policy.rollout(prompts, given);
                double[] rewards = reward.score(rollout.samples());
                double[] advantages = credit.estimate(rollout, rewards);
                assertThat(rewards).containsExactly(doubles(expected.get("rewards")), within(1e-5));
                assertThat(advantages).containsExactly(doubles(expected.get("advantages")), within(2e-4));
                for (int t = 0; t < TRAJECTORIES; t++) {
                    for (int k = 0; k < ACTIONS; k++) {
                        double logProb = expected.get("log_probs").get(t).get(k).asDouble();
                        assertThat(rollout.trajectories().get(t).logProb(k)).isCloseTo(logProb, within(2e-6));
                    }
                }
                Steps steps = new Steps(rollout);
                ppo.update(rollout, advantages, steps);
                steps.compare(expected, unit);
            }
            Map<String, TensorData> changes = Npz.read(GOLDEN.resolve(name + ".npz"));
            assertThat(changes).hasSameSizeAs(initial);
            assertThat(distance(policy.parameters(), initial, changes)).isLessThan(1e-2);
        }
    }

    /** Sets the adapter's second factors to zero, as before training. Copies of all values. */
    private static Map<String, float[]> withoutEffect(Map<String, TensorData> parameters) {
        Map<String, float[]> values = new HashMap<>();
        parameters.forEach((name, parameter) -> {
            float[] value = name.contains("lora_B") ? new float[parameter.size()] : parameter.toFloats();
            parameter.floats().put(value);
            values.put(name, value);
        });
        return values;
    }

    private static float[] noise(int trajectory, int draw, int size) {
        float[] drawn = new float[size];
        System.arraycopy(noise, (trajectory * (ACTIONS + 1) + draw) * size, drawn, 0, size);
        return drawn;
    }

    private static double redLessBlue(Sample sample) {
        float[] pixels = sample.pixels();
        int plane = pixels.length / 3;
        double sum = 0;
        for (int i = 0; i < plane; i++) {
            sum += pixels[i] - pixels[2 * plane + i];
        }
        return sum / plane;
    }

    /** How far the change of all weights together is from the golden one, relative to it, in L2. */
    private static double distance(
            Map<String, TensorData> parameters, Map<String, float[]> initial, Map<String, TensorData> changes) {
        double difference = 0;
        double norm = 0;
        for (String name : changes.keySet()) {
            double[] expected = changes.get(name).toDoubles();
            double[] actual = parameters.get(name).toDoubles();
            for (int i = 0; i < expected.length; i++) {
                difference += Math.pow(actual[i] - initial.get(name)[i] - expected[i], 2);
                norm += expected[i] * expected[i];
            }
        }
        return Math.sqrt(difference / norm);
    }

    /** The steps of an update as they went. */
    private static final class Steps implements UpdateObserver {
        private final Map<Transition, String> names = new HashMap<>();
        private final List<Step> steps = new ArrayList<>();
        private final List<Map<String, Double>> logProbs = new ArrayList<>();
        private Map<String, Double> current = new HashMap<>();

        Steps(Rollout rollout) {
            for (int t = 0; t < rollout.size(); t++) {
                for (Transition transition : rollout.transitions(t)) {
                    names.put(transition, t + "," + transition.action());
                }
            }
        }

        @Override
        public void onMinibatch(Minibatch minibatch) {
            for (int row = 0; row < minibatch.logProbs().length; row++) {
                current.put(
                        names.get(minibatch.transitions().get(row)), minibatch.logProbs()[row]);
            }
        }

        @Override
        public void onStep(Step step) {
            steps.add(step);
            logProbs.add(current);
            current = new HashMap<>();
        }

        void compare(JsonNode expected, Unit unit) {
            JsonNode golden = expected.get("steps");
            assertThat(steps).hasSameSizeAs(golden);
            int[] flat = stream(expected.get("orders"))
                    .flatMap(ReferenceLoopTest::stream)
                    .mapToInt(JsonNode::asInt)
                    .toArray();
            int width = flat.length / golden.size();
            for (int s = 0; s < steps.size(); s++) {
                double loss = golden.get(s).get("loss").asDouble();
                double norm = golden.get(s).get("grad_norm").asDouble();
                assertThat(steps.get(s).loss())
                        .as("loss of step " + s)
                        .isCloseTo(loss, within(2e-4 * Math.abs(loss) + 1e-6));
                assertThat(steps.get(s).gradNorm()).as("norm of step " + s).isCloseTo(norm, within(2e-4 * norm));
                int[] trajectories = unit.trajectories(IntStream.range(s * width, (s + 1) * width)
                        .map(i -> flat[i])
                        .toArray());
                for (int t = 0; t < trajectories.length; t++) {
                    for (int k = 0; k < ACTIONS; k++) {
                        double logProb =
                                golden.get(s).get("log_probs").get(t).get(k).asDouble();
                        assertThat(logProbs.get(s).get(trajectories[t] + "," + k))
                                .as("log-probability of action " + k + " of " + trajectories[t] + " in step " + s)
                                .isCloseTo(logProb, within(5e-6));
                    }
                }
            }
        }
    }

    private static double[] doubles(JsonNode array) {
        return stream(array).mapToDouble(JsonNode::asDouble).toArray();
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }
}
