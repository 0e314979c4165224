package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.distill.Student;
import dev.rlcm.distill.StudentSampler;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraFormat;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MergeAdapterTest {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");
    private static final Path TEACHER = FIXTURES.resolve("tiny-ldm");
    private static final Path SHARED = FIXTURES.resolve("tiny-lcm");
    private static final List<String> PROMPTS = List.of("a cat", "two birds");

    @TempDir
    Path directory;

    private Object[] arguments(Path adapter, Path out) {
        return new Object[] {
            "--model", TEACHER, "--shared", SHARED, "--adapter", adapter, "--out", out, "--consistency", "--scale", 0.5
        };
    }

    /** A diffusion model and an adapter that makes it a consistency model, as LCM-LoRA, become one model directory. */
    @ParameterizedTest
    @EnumSource(names = {"DIFFUSERS", "KOHYA"})
    void aDiffusionModelAndAnAdapterBecomeAConsistencyModel(LoraFormat format) throws IOException {
        Path file = directory.resolve("lcm-lora.safetensors");
        Path out = directory.resolve("merged");
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            ConsistencyModel network = LatentDiffusionModel.load(ModelDirectory.open(TEACHER, SHARED), backend)
                    .unguided();
            LoraConfig config = LoraConfig.rank(2).withAlpha(3).targeting("all");
            LoraAdapter adapter = LoraAdapter.initial(
                    config, LoraInjection.sites(network.denoiser(1), config), RandomStreams.seeded(1));
            adapter.tensors().forEach(MergeAdapterTest::fill);
            adapter.save(file, format);
            Commands.succeed(new MergeAdapter(), arguments(file, out));

            LatentConsistencyModel merged = LatentConsistencyModel.load(out, backend);
            var schedule = merged.schedule().steps(2);
            Student student = Student.adapter(network, adapter.scaled(0.5));
            try (StudentSampler sampler = new StudentSampler(student, 2, backend)) {
                float[] expected = sampler.sample(PROMPTS, schedule, 1, RandomStreams.seeded(5), student.parameters())
                        .toFloats();
                float[] actual = merged.latents(PROMPTS, schedule, 1, RandomStreams.seeded(5))
                        .toFloats();
                assertThat(actual).containsExactly(expected, within(1e-3f));
            }
            assertThat(merged.generate(PROMPTS, 1, 1, 3)).hasSize(2);
        }
        assertThat(Commands.fail(new MergeAdapter(), arguments(file, out))).contains("already holds a model");
    }

    private static void fill(String key, TensorData factor) {
        float[] draws = RandomStreams.seeded(2).at(key).gaussians(factor.size());
        for (int i = 0; i < factor.size(); i++) {
            factor.setDouble(i, 0.1 * draws[i]);
        }
    }

    @Test
    void whatMakesNoConsistencyModelIsRefused() {
        Path flux = FIXTURES.resolve("families/flux");
        Path lora = flux.resolve("lora.safetensors");
        Path out = directory.resolve("merged");
        assertThat(Commands.fail(new MergeAdapter(), "--model", flux, "--adapter", lora, "--out", out, "--consistency"))
                .contains("--consistency is for adapters of latent diffusion models");
        assertThat(Commands.fail(new MergeAdapter(), "--model", flux, "--adapter", lora, "--out", out, "--scale", -1))
                .contains("strength must be positive");
        assertThat(out).doesNotExist();
    }
}
