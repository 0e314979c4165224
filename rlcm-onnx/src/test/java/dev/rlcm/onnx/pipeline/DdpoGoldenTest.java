package dev.rlcm.onnx.pipeline;

import static dev.rlcm.onnx.pipeline.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npz;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.policy.Transition;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The policy of tiny-ldm with guidance and a trained adapter against DDPO's own code in PyTorch. */
class DdpoGoldenTest {
    private static final Path GOLDEN = Models.FIXTURES.resolve("ddpo-golden");
    private static final List<String> PROMPTS = List.of("a dog washing the dishes", "an ant playing chess");
    private static final int STEPS = 10;
    private static final int LATENT = 4 * 16 * 16;
    private static final double GUIDANCE = 5;

    private static OrtBackend backend;
    private static LatentDiffusionModel model;
    private static ConsistencyPolicy policy;
    private static List<Map<String, TensorData>> conditioning;
    private static Map<String, TensorData> inputs;
    private static Map<String, TensorData> sampling;
    private static Map<String, TensorData> forced;

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu();
        ModelDirectory directory = ModelDirectory.open(Models.FIXTURES.resolve("tiny-ldm"), Models.TINY);
        model = LatentDiffusionModel.load(directory, backend, PipelineOptions.defaults());
        policy = model.policy(
                model.adapter(Models.FIXTURES.resolve("tiny-lcm-golden/lora_peft.safetensors")),
                SamplingPlan.steps(STEPS).withBatch(2).withGuidance(GUIDANCE));
        inputs = Npz.read(GOLDEN.resolve("inputs.npz"));
        TensorData scale = TensorData.floats(Shape.SCALAR, (float) GUIDANCE);
        conditioning = IntStream.range(0, 2)
                .mapToObj(b -> Map.of(
                        "encoder_hidden_states", Goldens.row(inputs.get("prompt_embeds"), b),
                        "negative_encoder_hidden_states", Goldens.row(inputs.get("negative_prompt_embeds"), b),
                        "guidance_scale", scale))
                .toList();
        sampling = Npz.read(GOLDEN.resolve("sampling.npz"));
        forced = Npz.read(GOLDEN.resolve("forced.npz"));
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @Test
    void conditioningIsThatOfPyTorch() {
        List<Map<String, TensorData>> actual = model.condition(PROMPTS, GUIDANCE);
        for (int b = 0; b < 2; b++) {
            Map<String, TensorData> row = actual.get(b);
            conditioning.get(b).forEach((name, expected) -> assertClose(row.get(name), expected, 1e-4));
        }
    }

    @Test
    void theScheduleIsThatOfDdpo() {
        for (int k = 0; k < STEPS; k++) {
            GaussianStep step = policy.schedule().steps().get(k);
            assertThat(step.timestep()).isEqualTo(inputs.get("timesteps").getDouble(k));
            assertThat(step.sigma()).isCloseTo(forced.get("std").getDouble(k), within(2e-7));
        }
        assertThat(policy.schedule().actions()).isEqualTo(STEPS);
    }

    /** All steps in one batch, which the rewriting of guidance must keep apart. */
    @Test
    void meansAndLogProbabilitiesOfRecordedStatesAreThoseOfPyTorch() {
        PolicyGraph graph = policy.graph(2 * STEPS);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("mean", graph.mean());
        outputs.put("log_prob", graph.logProb());
        int[] actions = new int[2 * STEPS];
        Arrays.setAll(actions, row -> row / 2);
        Map<String, TensorData> actual = run(graph, outputs, actions);
        TensorData mean = forced.get("mean"); // [10,2,...], in the order of the rows
        assertClose(actual.get("mean").toDoubles(), mean.toDoubles(), 4e-5);
        for (int row = 0; row < actions.length; row++) {
            double expected = forced.get("log_probs_f64").getDouble(row % 2 * STEPS + row / 2);
            assertThat(actual.get("log_prob").getDouble(row)).isCloseTo(expected, within(2e-6));
        }
    }

    @Test
    void noisePredictionsAreThoseOfPyTorch() {
        try (Executable network = network()) {
            for (int k = 0; k < STEPS; k++) {
                TensorData expected = Goldens.row(forced.get("noise_pred"), k);
                assertClose(predict(network, k, states(k)).toDoubles(), expected.toDoubles(), 4e-5);
            }
        }
    }

    @Test
    void freeSamplingArrivesWherePyTorchDoes() {
        float[] x = inputs.get("initial_latents").toFloats();
        try (Executable network = network()) {
            for (int k = 0; k < STEPS; k++) {
                GaussianStep step = policy.schedule().steps().get(k);
                double std = forced.get("std").getDouble(k); // computed in float32: 7e-6 off at the last step
                double tolerance = k < STEPS - 1 ? 1e-6 : 3e-6; // where states of 19 are rounded, sigma being 0.02
                float[] output = predict(network, k, x).toFloats();
                float[] next =
                        step.next(x, output, Goldens.row(inputs.get("noise"), k).toFloats());
                for (int b = 0; b < 2; b++) {
                    double logProb = step.logProb(half(x, b), half(output, b), half(next, b), LogProbReduction.MEAN);
                    double expected =
                            sampling.get("log_probs_f64").getDouble(b * STEPS + k) + Math.log(std / step.sigma());
                    assertThat(logProb).as("step " + k).isCloseTo(expected, within(tolerance));
                }
                x = next;
            }
        }
        assertClose(
                TensorData.floats(model.denoiser(2).input("sample").shape(), x),
                sampling.get("final_latents_f64"),
                3e-4); // as far as PyTorch in float32 is
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 7})
    void gradientsThroughBothHalvesAreThoseOfPyTorch(int action) throws IOException {
        PolicyGraph graph = policy.graph(2);
        List<Value> gradients = Gradients.of(graph.logProb().sum(), graph.factors());
        Map<String, Value> outputs = new LinkedHashMap<>();
        for (int i = 0; i < gradients.size(); i++) {
            outputs.put("grad." + graph.factors().get(i).label(), gradients.get(i));
        }
        Map<String, TensorData> actual = run(graph, outputs, action, action);
        Map<String, TensorData> expected = Npz.read(GOLDEN.resolve("grads_step" + action + ".npz"));
        assertThat(actual).hasSameSizeAs(expected).hasSize(256);
        expected.forEach((key, gradient) -> assertThat(Goldens.relativeL2(actual.get("grad." + key), gradient))
                .as(key)
                .isLessThan(1e-4));
    }

    private static Map<String, TensorData> run(PolicyGraph graph, Map<String, Value> outputs, int... actions) {
        Graph program = Graph.of(outputs);
        PolicyGraph.Batch batch = graph.newBatch(program, policy.adapter().tensors());
        for (int row = 0; row < actions.length; row++) {
            int b = row % 2;
            float[] states = Goldens.row(sampling.get("states_f32"), b).toFloats();
            batch.set(
                    row,
                    new Transition(
                            new RecordedTrajectory(conditioning.get(b), states, policy.schedule()), actions[row]));
        }
        return backend.compile(program).run(batch.inputs());
    }

    private static Executable network() {
        return backend.compile(
                LoraInjection.inject(model.denoiser(2), policy.adapter()).graph());
    }

    /** eps [2,4,16,16] of step k. */
    private static TensorData predict(Executable network, int k, float[] latents) {
        double timestep = policy.schedule().steps().get(k).timestep();
        Map<String, TensorData> values = new LinkedHashMap<>(policy.adapter().tensors());
        values.put("sample", TensorData.floats(Shape.of(2, 4, 16, 16), latents));
        values.put("timestep", TensorData.generate(DataType.FLOAT32, Shape.of(2), i -> timestep));
        for (String name : conditioning.get(0).keySet()) {
            values.put(
                    name,
                    Rows.stack(conditioning.stream().map(row -> row.get(name)).toList()));
        }
        return network.run(values).values().iterator().next();
    }

    /** Recorded latents before step k, both samples'. */
    private static float[] states(int k) {
        float[] states = sampling.get("states_f32").toFloats(); // [2,11,...]
        float[] both = new float[2 * LATENT];
        for (int b = 0; b < 2; b++) {
            System.arraycopy(states, (b * (STEPS + 1) + k) * LATENT, both, b * LATENT, LATENT);
        }
        return both;
    }

    private static float[] half(float[] both, int b) {
        return Arrays.copyOfRange(both, b * LATENT, (b + 1) * LATENT);
    }
}
