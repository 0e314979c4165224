package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npz;
import dev.rlcm.mdp.LastStep;
import dev.rlcm.mdp.TimestepRule;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.policy.Transition;
import dev.rlcm.ppo.ClipRange;
import dev.rlcm.ppo.PathDivergence;
import dev.rlcm.ppo.PolicyLoss;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.PolicyTerms;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The policy of tiny-lcm with a trained adapter against PyTorch: log-probabilities, KL to the base, its gradients. */
class PolicyGoldenTest {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");
    private static final int LATENT = 4 * 16 * 16;

    private static OrtBackend backend;
    private static ConsistencyPolicy policy;
    private static Map<String, TensorData> inputs;
    private static Map<String, TensorData> golden;

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu();
        LatentConsistencyModel model = LatentConsistencyModel.load(FIXTURES.resolve("tiny-lcm"), backend);
        SamplingPlan plan = SamplingPlan.steps(4)
                .withBatch(1)
                .withTimestepRule(TimestepRule.REFERENCE)
                .withLastStep(LastStep.REFERENCE);
        policy = model.policy(model.adapter(FIXTURES.resolve("tiny-lcm-golden/lora_peft.safetensors")), plan);
        inputs = Npz.read(FIXTURES.resolve("reward-backprop-golden/inputs.npz"));
        golden = Npz.read(FIXTURES.resolve("kl-golden/kl.npz"));
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    /** The golden trajectory of sample b. */
    private static Trajectory recorded(int b) {
        float[] states = inputs.get("states").toFloats();
        return new RecordedTrajectory(
                Map.of(
                        "encoder_hidden_states", Goldens.row(inputs.get("prompt_embeds"), b),
                        "timestep_cond", Goldens.row(inputs.get("timestep_cond"), b)),
                Arrays.copyOfRange(states, b * 5 * LATENT, (b + 1) * 5 * LATENT),
                policy.schedule());
    }

    private static Map<String, TensorData> run(PolicyGraph graph, Map<String, Value> outputs, int... actions) {
        Graph program = Graph.of(outputs);
        PolicyGraph.Batch batch = graph.newBatch(program, policy.adapter().tensors());
        for (int row = 0; row < actions.length; row++) {
            batch.set(row, new Transition(recorded(row % 2), actions[row]));
        }
        return backend.compile(program).run(batch.inputs());
    }

    @Test
    void logProbabilitiesAndDivergencesAreThoseOfPyTorch() {
        PolicyGraph graph = policy.graph(8);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("log_prob", graph.logProb());
        outputs.put("log_prob_ref", graph.logProb(graph.baseMean()));
        outputs.put("kl", kl(graph));
        Map<String, TensorData> actual = run(graph, outputs, 0, 0, 1, 1, 2, 2, 3, 3);
        for (int row = 0; row < 8; row++) {
            int at = row % 2 * 4 + row / 2;
            for (String name : outputs.keySet()) {
                assertThat(actual.get(name).getDouble(row))
                        .as(name + " of row " + row)
                        .isCloseTo(golden.get(name).getDouble(at), within(2e-5));
            }
        }
    }

    /** Both measure the same difference of means, on the scales of the noise and of the signal. */
    @Test
    void theDriftIsTheDivergenceTimesTwiceTheNoiseToSignalRatio() {
        PolicyGraph graph = policy.graph(4);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("kl", loss(graph, PolicyLosses.klToBase()));
        outputs.put("drift", loss(graph, PolicyLosses.driftFromBase()));
        outputs.put("variance", graph.sigma().square());
        Map<String, TensorData> actual = run(graph, outputs, 0, 1, 2, 3);
        for (int row = 0; row < 4; row++) {
            double variance = actual.get("variance").getDouble(row);
            double expected = actual.get("kl").getDouble(row) * 2 * variance / (1 - variance);
            assertThat(actual.get("drift").getDouble(row)).isPositive().isCloseTo(expected, withinPercentage(0.01));
        }
    }

    @Test
    void theCoarseDriftIsThatOfTheAveragesOverPatches() {
        PolicyGraph graph = policy.graph(4);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("drift", loss(graph, PolicyLosses.driftFromBase(4)));
        outputs.put("mean", graph.mean());
        outputs.put("base", graph.baseMean());
        outputs.put("variance", graph.sigma().square());
        Map<String, TensorData> actual = run(graph, outputs, 0, 1, 2, 3);
        for (int row = 0; row < 4; row++) {
            double[] sums = new double[4 * 4 * 4]; // of patches of 4 x 4, in 4 channels of 16 x 16
            for (int i = 0; i < LATENT; i++) {
                int at = row * LATENT + i;
                int patch = i / 256 * 16 + i % 256 / 16 / 4 * 4 + i % 16 / 4;
                sums[patch] +=
                        actual.get("mean").getDouble(at) - actual.get("base").getDouble(at);
            }
            double signal = 1 - actual.get("variance").getDouble(row);
            double expected =
                    Arrays.stream(sums).map(sum -> sum * sum / 256).average().orElseThrow() / signal;
            assertThat(actual.get("drift").getDouble(row)).isPositive().isCloseTo(expected, withinPercentage(0.1));
        }
    }

    @Test
    void patchesThatDoNotFillTheLatentsAreRefused() {
        PolicyGraph graph = policy.graph(1);
        assertThatThrownBy(() -> loss(graph, PolicyLosses.driftFromBase(3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("latents of 16 x 16 do not divide into patches of 3 x 3");
        assertThatThrownBy(() -> PolicyLosses.driftFromBase(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("patch must be at least 1, got 0");
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "FILTERED"})
    void gradientsOfTheDivergenceAreThoseOfPyTorch(ConvolutionForms forms) throws IOException {
        PolicyGraph graph = policy.graph(2);
        Value sum = kl(graph).sum();
        Map<String, Value> factors = new LinkedHashMap<>();
        graph.factors().forEach(factor -> factors.put("grad." + factor.label(), factor));
        Map<String, Value> outputs = new LinkedHashMap<>(Lowering.of(backend)
                .withConvolutions(forms)
                .update(Graph.of("kl", sum), Map.of("kl", sum.like(1)), factors)
                .outputs());
        outputs.remove("kl");
        Map<String, TensorData> actual = run(graph, outputs, 1, 1);
        Map<String, TensorData> expected = Npz.read(FIXTURES.resolve("kl-golden/grads_step1.npz"));
        assertThat(actual).hasSameSizeAs(expected).hasSize(256);
        expected.forEach((key, gradient) -> assertThat(Goldens.relativeL2(actual.get("grad." + key), gradient))
                .as(key)
                .isLessThan(1e-4));
    }

    @Test
    void divergencesAlongThePathAreThoseOfPyTorch() {
        Rollout rollout = new Rollout(List.of(recorded(0), recorded(1)));
        try (PathDivergence divergence = PathDivergence.fromBase(policy, 3)) {
            double[] actual = divergence.of(rollout);
            for (int b = 0; b < 2; b++) {
                double[] steps = Arrays.copyOfRange(golden.get("kl").toDoubles(), 4 * b, 4 * b + 4);
                assertThat(actual[b]).isCloseTo(Arrays.stream(steps).sum(), within(5e-5));
            }
        }
    }

    @Test
    void gradientsOfTheDivergenceAlongThePathAreThoseOfPyTorch() throws IOException {
        PolicyGraph graph = policy.graph(8);
        List<Value> gradients = Gradients.of(kl(graph).sum(), graph.factors());
        Map<String, Value> outputs = new LinkedHashMap<>();
        for (int i = 0; i < gradients.size(); i++) {
            outputs.put("grad." + graph.factors().get(i).label(), gradients.get(i));
        }
        Map<String, TensorData> actual = run(graph, outputs, 0, 0, 1, 1, 2, 2, 3, 3);
        Map<String, TensorData> expected = Npz.read(FIXTURES.resolve("kl-golden/grads_all_steps.npz"));
        assertThat(actual).hasSameSizeAs(expected).hasSize(256);
        expected.forEach((key, gradient) -> assertThat(Goldens.relativeL2(actual.get("grad." + key), gradient))
                .as(key)
                .isLessThan(1e-4));
    }

    private static Value kl(PolicyGraph graph) {
        return loss(graph, PolicyLosses.klToBase());
    }

    private static Value loss(PolicyGraph graph, PolicyLoss loss) {
        Value unused = graph.sigma();
        return loss.of(new PolicyTerms(graph, graph.logProb(), unused, unused, ClipRange.of(0)));
    }
}
