package dev.rlcm.onnx.pipeline;

import static dev.rlcm.onnx.pipeline.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Backend;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.distill.CaptionedLatent;
import dev.rlcm.distill.ConsistencyDistiller;
import dev.rlcm.distill.ConsistencyLoss;
import dev.rlcm.distill.DistillationConfig;
import dev.rlcm.distill.DistillationRow;
import dev.rlcm.distill.DistillationRows;
import dev.rlcm.distill.Student;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.mdp.PredictionType;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.policy.ConsistencyModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Targets, loss and gradients against autograd in double precision; see the README of the goldens. */
class ConsistencyDistillerGoldenTest {
    private static final List<String> PROMPTS = List.of("a dog washing the dishes", "an ant playing chess");
    private static final int[] STEPS = {0, 29};
    private static final double[] GUIDANCE = {3, 7.5};
    private static final String STUDENT = "student.";
    /** A bias before a group norm with one channel a group has no gradient but rounding. */
    private static final double ZERO = 1e-7;

    private static Backend backend;
    private static LatentDiffusionModel teacher;

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu();
        teacher = LatentDiffusionModel.load(
                ModelDirectory.open(Models.FIXTURES.resolve("tiny-ldm"), Models.TINY), backend);
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @Test
    void anAdaptersGradientsArePyTorchsForPredictedNoise() throws IOException {
        check("lora-epsilon", adapted(), teacher.unguided(), PredictionType.EPSILON, ConsistencyLoss.pseudoHuber(1e-3));
    }

    @Test
    void anAdaptersGradientsArePyTorchsForPredictedVelocity() throws IOException {
        check("lora-velocity", adapted(), teacher.unguided(), PredictionType.V_PREDICTION, ConsistencyLoss.squared());
    }

    @Test
    void gradientsOfWholeWeightsArePyTorchs(@TempDir Path directory) throws IOException {
        StudentDirectory.create(teacher.directory(), directory, 50, false);
        LatentConsistencyModel model =
                LatentConsistencyModel.load(directory, backend).trainable();
        assertThat(model.weights()).hasSize(684);
        Student student = Student.weights(model, model.weights());
        check("weights-epsilon", student, model, PredictionType.EPSILON, ConsistencyLoss.pseudoHuber(1e-3));
    }

    private static Student adapted() throws IOException {
        LoraConfig config = LoraConfig.rank(4).withAlpha(8);
        LoraAdapter adapter = LoraAdapter.of(
                config,
                LoraInjection.sites(teacher.unguided().denoiser(1), config),
                Goldens.read("tiny-lcm-golden/lora_weights.npz"));
        return Student.adapter(teacher.unguided(), adapter);
    }

    private static void check(
            String name, Student student, ConsistencyModel model, PredictionType prediction, ConsistencyLoss loss)
            throws IOException {
        assertThat(student.model()).isSameAs(model);
        Map<String, TensorData> golden = Goldens.read("distillation-golden/" + name + ".npz");
        DistillationConfig config = DistillationConfig.defaults()
                .withRows(2)
                .withGuidance(3)
                .withLoss(loss)
                .withTargetDecay(0);
        LatentConsistencySchedule schedule =
                LatentConsistencySchedule.defaults().withPrediction(prediction);
        try (ConsistencyDistiller distiller =
                new ConsistencyDistiller(teacher, student, schedule, rows(), config, backend)) {
            Map<String, TensorData> inputs = new LinkedHashMap<>(distiller.batch(0));
            assertClose(inputs.get("target"), golden.get("target"), 1e-4);
            inputs.putAll(distiller.parameters());
            Graph graph = joint(distiller);
            Map<String, TensorData> results = backend.compile(graph).run(inputs);
            double expected = golden.get("loss").getDouble(0);
            assertThat(results.get("loss").getDouble(0)).isCloseTo(expected, within(1e-5 * expected));
            distiller.parameters().keySet().forEach(key -> assertGradient(results.get("gradient." + key), key, golden));
        }
    }

    private static Graph joint(ConsistencyDistiller distiller) {
        Graph loss = distiller.loss();
        Map<String, Value> wrt = new LinkedHashMap<>();
        distiller.parameters().keySet().forEach(name -> wrt.put("gradient." + name, loss.input(name)));
        Value one = Value.constant(TensorData.scalar(DataType.FLOAT32, 1));
        return Lowering.of(backend).update(loss, Map.of("loss", one), wrt);
    }

    private static void assertGradient(TensorData gradient, String key, Map<String, TensorData> golden) {
        String name = key.substring(STUDENT.length());
        double norm = golden.get("norm:" + name).getDouble(0);
        double sum = 0;
        for (double g : gradient.toDoubles()) {
            sum += g * g;
        }
        assertThat(Math.sqrt(sum)).as(name).isCloseTo(norm, within(1e-4 * norm + ZERO));
        TensorData whole = golden.get("grad:" + name);
        if (whole != null && norm > ZERO) {
            assertThat(Goldens.relativeL2(gradient.reshape(whole.shape()), whole))
                    .as(name)
                    .isLessThan(1e-4);
        }
    }

    private static DistillationRows rows() throws IOException {
        Map<String, TensorData> inputs = Goldens.read("ddpo-golden/inputs.npz");
        TensorData latents = inputs.get("initial_latents");
        TensorData noise = Goldens.row(inputs.get("noise"), 0);
        return (batch, row) -> {
            float[] clean = Goldens.row(latents, row).toFloats();
            for (int i = 0; i < clean.length; i++) {
                clean[i] /= 2;
            }
            CaptionedLatent latent = new CaptionedLatent(clean, PROMPTS.get(row));
            return new DistillationRow(latent, Goldens.row(noise, row).toFloats(), STEPS[row], GUIDANCE[row]);
        };
    }
}
