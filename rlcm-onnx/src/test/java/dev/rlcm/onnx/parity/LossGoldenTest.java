package dev.rlcm.onnx.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Npz;
import dev.rlcm.mdp.ForwardStep;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LastStep;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.mdp.TimestepRule;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.policy.Transition;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.ClipRange;
import dev.rlcm.ppo.DenseAdvantages;
import dev.rlcm.ppo.Objective;
import dev.rlcm.ppo.PairLoss;
import dev.rlcm.ppo.Pairing;
import dev.rlcm.ppo.PolicyLoss;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.ppo.Row;
import dev.rlcm.ppo.RowEvaluator;
import dev.rlcm.ppo.RowSource;
import dev.rlcm.ppo.StepPredictions;
import dev.rlcm.ppo.UpdateObserver;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Losses of rows and their gradients for the adapter of tiny-lcm against PyTorch, see fixtures/loss-golden. The old policy is the base
 * model. All losses of a kind of rows are one graph, each times a setting that is 1 for one of them, so that it is compiled once.
 */
class LossGoldenTest {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");
    private static final int LATENT = 4 * 16 * 16;
    private static final double TOLERANCE = 1e-4;
    private static final double[] ADVANTAGES = {-1.2, -0.7, 0.4, -1.5, 0.9, -0.3, -1.1, 2.5};
    private static final int[] NOISED_STEPS = {0, 2, 1, 3};
    private static final Map<String, Integer> SELECTED = new HashMap<>();

    private static OrtBackend backend;
    private static ConsistencyPolicy policy;
    private static RowEvaluator transitionLosses;
    private static RowEvaluator noisedLosses;
    private static Map<String, TensorData> golden;
    private static Map<String, TensorData> inputs;
    private static List<String> factors;
    private static List<ForwardStep> forwardSteps;

    private static Map<String, PolicyLoss> lossesOfTransitions() {
        Map<String, PolicyLoss> losses = new LinkedHashMap<>();
        losses.put("clipped", PolicyLosses.clipped());
        losses.put("dual-clipped", PolicyLosses.dualClipped(1.5));
        losses.put("guarded", PolicyLosses.guarded());
        losses.put("importance", PolicyLosses.importanceWeighted());
        losses.put("score", PolicyLosses.scoreFunction());
        losses.put("dpok", PolicyLosses.importanceWeighted().plus(0.1, PolicyLosses.klToBase()));
        losses.put("consistent", PolicyLosses.clipped().plus(0.05, PolicyLosses.consistency()));
        return losses;
    }

    private static Map<String, PolicyLoss> lossesOfNoisedPictures() {
        Map<String, PolicyLoss> losses = new LinkedHashMap<>();
        losses.put("matching", PolicyLosses.advantageWeightedMatching());
        losses.put("noised-clipped", PolicyLosses.clipped());
        losses.put("nft", PolicyLosses.diffusionNft(0.5, 2));
        return losses;
    }

    /** The sum of the losses, each times its setting. */
    private static RowEvaluator evaluator(Map<String, PolicyLoss> losses, int rows) {
        PolicyLoss all = terms -> terms.advantage().mul(0);
        for (Map.Entry<String, PolicyLoss> loss : losses.entrySet()) {
            all = all.plus(() -> SELECTED.getOrDefault(loss.getKey(), 0), loss.getValue());
        }
        PpoConfig config = PpoConfig.defaults().withMinibatch(rows).withClipRange(new ClipRange(0.2, 0.28));
        return RowEvaluator.of(policy, config, Objective.of(all));
    }

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu();
        LatentConsistencyModel model = LatentConsistencyModel.load(FIXTURES.resolve("tiny-lcm"), backend);
        SamplingPlan plan =
                SamplingPlan.steps(4).withTimestepRule(TimestepRule.REFERENCE).withLastStep(LastStep.REFERENCE);
        policy = model.policy(model.adapter(FIXTURES.resolve("tiny-lcm-golden/lora_peft.safetensors")), plan);
        forwardSteps = model.schedule().withRule(TimestepRule.REFERENCE).forwardSteps(4);
        golden = Npz.read(FIXTURES.resolve("loss-golden/losses.npz"));
        factors = Files.readAllLines(FIXTURES.resolve("loss-golden/factors.txt"));
        inputs = Npz.read(FIXTURES.resolve("reward-backprop-golden/inputs.npz"));
        transitionLosses = evaluator(lossesOfTransitions(), 8);
        noisedLosses = evaluator(lossesOfNoisedPictures(), 4);
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"clipped", "dual-clipped", "guarded", "importance", "score", "dpok", "consistent"})
    void lossesOfTransitionsAreThoseOfPyTorch(String name) {
        check(transitionLosses, name, rows(transitions(), "old_log_probs", "old_means"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"matching", "noised-clipped", "nft"})
    void lossesOfNoisedPicturesAreThoseOfPyTorch(String name) {
        check(noisedLosses, name, rows(noised(), "noised_old_log_probs", "noised_old_means"));
    }

    private static void check(RowEvaluator evaluator, String name, List<Row> rows) {
        SELECTED.clear();
        SELECTED.put(name, 1);
        double[] expected = golden.get(name + ":rows").toDoubles();
        evaluator.gradients(List.of(rows), 1.0 / rows.size(), 1, result -> {
            double mean = Arrays.stream(expected).average().orElseThrow();
            double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
            assertThat(result.loss()).isCloseTo(mean, within(TOLERANCE * largest));
            checkGradients(name, named(result.gradients()));
        });
    }

    private static Map<String, double[]> named(List<FloatBuffer> gradients) {
        Map<String, double[]> named = new LinkedHashMap<>();
        int next = 0;
        for (String parameter : policy.parameters().keySet()) {
            FloatBuffer gradient = gradients.get(next++);
            double[] values = new double[gradient.capacity()];
            Arrays.setAll(values, gradient::get);
            named.put(parameter, values);
        }
        return named;
    }

    /** All norms, and the whole gradients of some factors. */
    private static void checkGradients(String key, Map<String, double[]> actual) {
        double[] norms = golden.get(key + ":norms").toDoubles();
        assertThat(actual.keySet()).containsExactlyInAnyOrderElementsOf(factors);
        double largest = Arrays.stream(norms).max().orElseThrow();
        int compared = 0;
        for (int i = 0; i < norms.length; i++) {
            double[] gradient = actual.get(factors.get(i));
            assertThat(norm(gradient)).as(factors.get(i)).isCloseTo(norms[i], within(TOLERANCE * largest));
            TensorData whole = golden.get(key + ":" + factors.get(i));
            if (whole != null) {
                double[] difference = gradient.clone();
                Arrays.setAll(difference, j -> gradient[j] - whole.getDouble(j));
                assertThat(norm(difference)).as(factors.get(i)).isLessThan(TOLERANCE * norms[i]);
                compared++;
            }
        }
        assertThat(compared).isEqualTo(8);
    }

    private static double norm(double[] values) {
        return Math.sqrt(Arrays.stream(values).map(value -> value * value).sum());
    }

    /** Two pictures, the first one better, each of two noised rows: the margins of draws are added, then comes one logistic loss. */
    @Test
    void diffusionDpoIsThatOfPyTorch() {
        List<Transition> rows = noised();
        Rollout pictures = new Rollout(List.of(recorded(0), recorded(1)));
        Objective objective = Objective.pairs(PairLoss.dpo(3), Pairing.given(List.of(new Pairing.Pair(0, 1))))
                .on(new Given(Map.of(
                        pictures.trajectories().get(0), rows.subList(0, 2),
                        pictures.trajectories().get(1), rows.subList(2, 4))));
        PpoConfig config = PpoConfig.defaults()
                .withTrajectoriesPerStep(2)
                .withMinibatch(4)
                .withMaxGradNorm(Double.POSITIVE_INFINITY)
                .withLearningRate(0);
        List<Map<String, double[]>> gradients = new ArrayList<>();
        try (PpoOptimizer dpo = PpoOptimizer.of(policy, config, objective)) {
            dpo.update(pictures, new double[] {1, -1}, new UpdateObserver() {
                @Override
                public void onStep(Step step) {
                    double loss = golden.get("diffusion-dpo:rows").getDouble(0);
                    assertThat(step.loss()).isCloseTo(loss, within(TOLERANCE));
                    Map<String, double[]> named = new LinkedHashMap<>();
                    step.gradient().get().forEach((name, gradient) -> named.put(name, gradient.toDoubles()));
                    gradients.add(named);
                }
            });
        }
        assertThat(gradients).hasSize(1);
        checkGradients("diffusion-dpo", gradients.get(0));
    }

    /** Rows that a host gives. */
    private record Given(Map<Trajectory, List<Transition>> rows) implements RowSource {
        @Override
        public List<Transition> rows(Trajectory trajectory, RandomStreams random) {
            return rows.get(trajectory);
        }

        @Override
        public int count(Schedule schedule) {
            return 2;
        }

        @Override
        public LogProbs logProbs() {
            return LogProbs.EVALUATED;
        }
    }

    /** The rewards of each action and those after it: R(final) - R(what is predicted before the action). */
    @Test
    void denseAdvantagesAreOfThePredictionsOfPyTorch() {
        Rollout rollout = new Rollout(List.of(recorded(0), recorded(1)));
        double[] last = {0.25, -0.5};
        double[] potentials = golden.get("dense_potentials").toDoubles();
        double[] expected = new double[8];
        Arrays.setAll(expected, i -> last[i / 4] - potentials[i]);
        try (StepPredictions predictions = StepPredictions.of(policy, 3)) {
            RewardFunction reward = RewardFunction.each(LossGoldenTest::redLessBlue);
            double[] actual = new DenseAdvantages(predictions, reward, new AsTheyAre()).estimate(rollout, last);
            assertThat(actual).containsExactly(expected, within(1e-5));
        }
    }

    /** Advantages are the rewards. */
    private static final class AsTheyAre implements AdvantageEstimator {
        @Override
        public double[] estimate(List<String> prompts, double[] rewards) {
            return rewards;
        }
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

    private static List<Row> rows(List<Transition> transitions, String logProbs, String means) {
        double[] old = golden.get(logProbs).toDoubles();
        float[] oldMeans = golden.get(means).toFloats();
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < old.length; i++) {
            float[] mean = Arrays.copyOfRange(oldMeans, i * LATENT, (i + 1) * LATENT);
            rows.add(new Row(transitions.get(i), old[i], ADVANTAGES[i], Optional.of(mean)));
        }
        return rows;
    }

    private static List<Transition> transitions() {
        Rollout rollout = new Rollout(List.of(recorded(0), recorded(1)));
        List<Transition> transitions = new ArrayList<>(rollout.transitions(0));
        transitions.addAll(rollout.transitions(1));
        return transitions;
    }

    /** What a picture's latent is noised to, and the way back. */
    private static List<Transition> noised() {
        float[] noise = inputs.get("noise").toFloats();
        List<Transition> transitions = new ArrayList<>();
        for (int i = 0; i < NOISED_STEPS.length; i++) {
            ForwardStep step = forwardSteps.get(NOISED_STEPS[i]);
            float[] clean = clean(i / 2);
            float[] noised = step.noised(clean, Arrays.copyOfRange(noise, i * LATENT, (i + 1) * LATENT));
            transitions.add(
                    new Transition(trajectory(i / 2, List.of(noised, clean), List.of(step.likelihood()), clean), 0));
        }
        return transitions;
    }

    private static Trajectory recorded(int prompt) {
        float[] states = inputs.get("states").toFloats();
        List<float[]> own = new ArrayList<>();
        for (int k = 0; k <= 4; k++) {
            own.add(Arrays.copyOfRange(states, (prompt * 5 + k) * LATENT, (prompt * 5 + k + 1) * LATENT));
        }
        return trajectory(prompt, own, policy.schedule().steps(), clean(prompt));
    }

    private static Trajectory trajectory(int prompt, List<float[]> states, List<GaussianStep> steps, float[] latent) {
        Map<String, TensorData> conditioning = Map.of(
                "encoder_hidden_states", row("prompt_embeds", prompt), "timestep_cond", row("timestep_cond", prompt));
        return Trajectory.of(
                conditioning, states, steps, new double[steps.size()], Sample.of("prompt", 1, 1, new float[3]), latent);
    }

    /** Half of the noise that a golden trajectory begins with stands for its final latent. */
    private static float[] clean(int prompt) {
        float[] states = inputs.get("states").toFloats();
        float[] clean = Arrays.copyOfRange(states, prompt * 5 * LATENT, (prompt * 5 + 1) * LATENT);
        for (int i = 0; i < LATENT; i++) {
            clean[i] /= 2;
        }
        return clean;
    }

    private static TensorData row(String name, int index) {
        TensorData batch = inputs.get(name);
        int[] dims = batch.shape().toArray();
        int size = batch.size() / dims[0];
        float[] values = Arrays.copyOfRange(batch.toFloats(), index * size, (index + 1) * size);
        return TensorData.floats(Shape.of(Arrays.copyOfRange(dims, 1, dims.length)), values);
    }
}
