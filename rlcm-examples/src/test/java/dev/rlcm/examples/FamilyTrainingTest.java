package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.mdp.StepWindow;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.FlowMatchingModel;
import dev.rlcm.policy.SamplingPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The main job on tiny models of other families, with its options for them. */
class FamilyTrainingTest {
    private static final Path FAMILIES = Path.of(System.getProperty("rlcm.root"), "fixtures/families");
    private static final List<Object> FLOW =
            List.of("--targets", "joint-attention", "--noise-level", 0.5, "--action-window", "1,2");

    @TempDir
    Path directory;

    private Path prompts;

    @BeforeEach
    void write() throws IOException {
        prompts = Files.writeString(directory.resolve("prompts.txt"), "a red fox\ntwo blue birds on the house\n");
    }

    private Object[] arguments(String family, Path run, int epochs, Object... more) {
        List<Object> all = new ArrayList<>(List.of("--model", FAMILIES.resolve(family), "--prompts", prompts));
        all.addAll(List.of("--epochs", epochs, "--trajectories", 4, "--schedule", "constant", "--output", run));
        if (family.equals("sd3")) {
            all.addAll(FLOW);
        }
        all.addAll(List.of(more));
        return all.toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"sd3", "sdxl"})
    void aRunIsResumedBitForBitWithTextEncodersOrWithout(String family) throws IOException {
        Path straight = directory.resolve("straight");
        Commands.succeed(new Train(), arguments(family, straight, 2));
        assertThat(MetricsCsv.read(straight.resolve("metrics.csv"))).hasSize(2);

        Path embeddings = directory.resolve("embeddings.safetensors");
        Path model = FAMILIES.resolve(family);
        Commands.succeed(new EmbedPrompts(), "--model", model, "--embeddings", embeddings, "--prompts", prompts);
        Path resumed = directory.resolve("resumed");
        Commands.succeed(new Train(), arguments(family, resumed, 1, "--embeddings", embeddings));
        Path checkpoint = resumed.resolve("checkpoint.safetensors");
        Commands.succeed(
                new Train(), arguments(family, resumed, 2, "--embeddings", embeddings, "--resume", checkpoint));
        assertThat(resumed.resolve("adapter.safetensors"))
                .hasSameBinaryContentAs(straight.resolve("adapter.safetensors"));
        assertThat(Files.readString(resumed.resolve("config.json"))).contains("\"embeddings\"");
    }

    @Test
    void noiseLevelAndWindowReachTheSampler() throws IOException {
        List<String> arguments = Arrays.stream(arguments("sd3", directory.resolve("run"), 1))
                .map(String::valueOf)
                .toList();
        try (OrtBackend backend = OrtBackend.cpu()) {
            FlowMatchingModel model =
                    (FlowMatchingModel) TrainOptions.of(arguments).load(backend);
            assertThat(model.schedule().noiseLevel()).isEqualTo(0.5);
            assertThat(model.schedule().window()).isEqualTo(new StepWindow(1, 2));
            assertThat(model.schedule(SamplingPlan.steps(4)).actions()).isEqualTo(2);
        }
        assertThat(Commands.fail(new Train(), arguments("sdxl", directory.resolve("no"), 1, "--noise-level", 0.5)))
                .contains("--noise-level", "sdxl");
    }

    @Test
    void aPromptWithoutEmbeddingsIsNamedBeforeAnythingIsDone() throws IOException {
        Path embeddings = directory.resolve("embeddings.safetensors");
        Path model = FAMILIES.resolve("sdxl");
        Commands.succeed(new EmbedPrompts(), "--model", model, "--embeddings", embeddings, "a red fox");
        Path run = directory.resolve("run");
        assertThat(Commands.fail(new Train(), arguments("sdxl", run, 1, "--embeddings", embeddings)))
                .contains("two blue birds on the house", "EmbedPrompts", "embeddings.safetensors");
        assertThat(run).doesNotExist();
        Path out = directory.resolve("pictures");
        Commands.succeed(
                new TextToImage(),
                "--model",
                model,
                "--embeddings",
                embeddings,
                "--steps",
                1,
                "--out",
                out,
                "a red fox");
        try (Stream<Path> files = Files.list(out)) {
            assertThat(files).hasSize(1);
        }
        assertThat(Commands.fail(new EmbedPrompts(), "--model", model, "--embeddings", embeddings))
                .contains("no prompts");
    }
}
