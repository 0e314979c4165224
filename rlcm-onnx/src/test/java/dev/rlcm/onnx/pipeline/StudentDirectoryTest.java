package dev.rlcm.onnx.pipeline;

import static dev.rlcm.onnx.pipeline.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.distill.Student;
import dev.rlcm.distill.StudentSampler;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudentDirectoryTest {
    private static final List<String> PROMPTS = List.of("a cat on grass", "a fox in the snow");
    private static final RandomStreams NOISE = RandomStreams.seeded(3);

    private static Backend backend;
    private static LatentDiffusionModel teacher;

    @TempDir
    Path directory;

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu();
        teacher = LatentDiffusionModel.load(ModelDirectory.open(Models.EMOJI_LDM, Models.EMOJI), backend);
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    private LatentConsistencyModel create(boolean guided) throws IOException {
        Path student = directory.resolve(guided ? "guided" : "plain");
        StudentDirectory.create(teacher.directory(), student, 50, guided);
        return LatentConsistencyModel.load(student, backend);
    }

    /** The projection of the guidance embedding is zero, so that no scale makes a difference yet. */
    @Test
    void aFreshStudentComputesWhatItsTeacherDoesWhateverItIsTold() throws IOException {
        LatentConsistencyModel guided = create(true);
        LatentConsistencyModel plain = create(false);
        assertThat(guided.condition(PROMPTS, 3).get(0)).containsKey("timestep_cond");
        assertThat(plain.condition(PROMPTS, 3).get(0)).containsOnlyKeys("encoder_hidden_states");
        Schedule schedule = guided.schedule().steps(2);
        TensorData expected = new Sampler(teacher.unguided(), backend)
                .sample(teacher.unguided().condition(PROMPTS, 1), schedule, NOISE);
        assertClose(guided.latents(PROMPTS, schedule, 3, NOISE), expected, 1e-4);
        assertClose(guided.latents(PROMPTS, schedule, 7, NOISE), expected, 1e-4);
        assertClose(plain.latents(PROMPTS, schedule, 3, NOISE), expected, 1e-4);
    }

    @Test
    void aStudentOfAnotherFamilyStaysInIt() throws IOException {
        ModelDirectory xl = ModelDirectory.open(Models.FIXTURES.resolve("families/sdxl"));
        StudentDirectory.create(xl, directory, 50, false);
        assertThat(ModelDirectory.open(directory).family()).isEqualTo(xl.family());
        assertThat(LatentConsistencyModel.load(directory, backend, FamilyTest.SMALL)
                        .generate(PROMPTS, 1, 3, 1))
                .hasSize(2);
    }

    @Test
    void savedWeightsAreThoseThatASessionWasFed() throws IOException {
        LatentConsistencyModel model = create(true).trainable();
        Student student = Student.weights(model, model.weights());
        assertThat(student.parameters()).hasSize(327).containsKey("/time_embedding/cond_proj/MatMul_weight");
        student.parameters().values().forEach(StudentDirectoryTest::disturb);
        Schedule schedule = model.schedule().steps(2);
        TensorData expected;
        try (StudentSampler sampler = new StudentSampler(student, 2, backend)) {
            expected = sampler.sample(PROMPTS, schedule, 3, NOISE, student.parameters());
        }
        StudentDirectory.save(directory.resolve("guided"), student.parameters());
        LatentConsistencyModel saved = LatentConsistencyModel.load(directory.resolve("guided"), backend);
        assertClose(saved.latents(PROMPTS, schedule, 3, NOISE), expected, 1e-3);
        assertThat(saved.latents(PROMPTS, schedule, 5, NOISE).toFloats()).isNotEqualTo(expected.toFloats());
        // Any batch and size still fit: the axes that were symbolic still are.
        assertThat(saved.denoiser(5).input("sample").shape()).isEqualTo(Shape.of(5, 4, 16, 16));
    }

    private static void disturb(TensorData weight) {
        for (int i = 0; i < weight.size(); i++) {
            weight.setDouble(i, weight.getDouble(i) * 1.02 + 1e-3);
        }
    }

    @Test
    void whatCannotBeWrittenIsNamed() throws IOException {
        assertThatThrownBy(() -> StudentDirectory.create(teacher.directory(), Models.EMOJI_LDM, 50, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("holds the model that would be copied there");
        create(false);
        Path unet = directory.resolve("plain/unet/model.onnx");
        byte[] before = Files.readAllBytes(unet);
        assertThatThrownBy(() -> StudentDirectory.save(
                        directory.resolve("plain"), Map.of("conv_in.bias", TensorData.floats(Shape.of(2), 1, 2))))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("the weight conv_in.bias has 32 real numbers in the model, given is FLOAT32[2]");
        Map<String, TensorData> unknown = new LinkedHashMap<>();
        unknown.put("none", TensorData.floats(Shape.of(2), 1, 2));
        assertThatThrownBy(() -> OnnxModels.saveWeights(unet, unknown, unet))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("no weights named [none]");
        assertThat(Files.readAllBytes(unet)).isEqualTo(before);
    }
}
