package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.ImageFiles;
import dev.rlcm.onnx.pipeline.ImageFolder;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QualityTest {
    private static final List<Prompt> CAPTIONS = List.of(
            new Prompt("a fox in the snow", Map.of("animal", "fox", "scene", "snow")),
            new Prompt("a lion at night", Map.of("animal", "lion", "scene", "night")),
            new Prompt("a fox at night", Map.of("animal", "fox", "scene", "night")),
            new Prompt("a lion", Map.of("animal", "lion")),
            new Prompt("a lion in the snow", Map.of("animal", "lion", "scene", "snow")));

    @TempDir
    static Path drawn;

    /** What the model draws takes the place of real pictures. */
    @BeforeAll
    static void drawAReference() throws IOException {
        List<Sample> pictures;
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            pictures = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend)
                    .generate(CAPTIONS.stream().map(Prompt::text).toList(), 4, 3, 7);
        }
        List<ImageFolder.Entry> entries = new ArrayList<>();
        for (int i = 0; i < pictures.size(); i++) {
            String name = i + ".png";
            ImageFiles.writePng(pictures.get(i), drawn.resolve(name));
            entries.add(new ImageFolder.Entry(name, CAPTIONS.get(i)));
        }
        new ImageFolder(drawn, entries).writeMetadata();
    }

    @Test
    void aFolderIsAtNoDistanceFromItselfAndTheSameSeedDrawsItAgain() {
        List<List<String>> rows =
                rows("--reference", drawn, drawn, "--model", EmbeddedModel.emojiLcm(), "--steps", "1,4", "--seed", 7);
        assertThat(rows).hasSize(7);
        assertThat(rows.get(0))
                .containsExactly(
                        "pictures",
                        "number",
                        "Frechet x 1000",
                        "precision",
                        "recall",
                        "animal, %",
                        "scene, %",
                        "similarity",
                        "kB",
                        "PSNR, dB");
        List<String> itself = rows.get(3);
        assertThat(itself.subList(1, 7)).containsExactly("5", "0.00", "1.000", "1.000", "100.0", "100.0");
        assertThat(rows.get(4).get(0)).isEqualTo("through the VAE");
        assertThat(Double.parseDouble(rows.get(4).get(9))).isBetween(20.0, 50.0);
        assertThat(rows.get(5).get(0)).isEqualTo("consistency model, 1 step");
        assertThat(Double.parseDouble(rows.get(5).get(2))).isPositive();
        assertThat(rows.get(6).subList(1, 5)).as("up to 8 bits").containsExactly("5", "0.00", "1.000", "1.000");
    }

    @Test
    void aFreshAdapterChangesNothing(@TempDir Path directory) throws IOException {
        Path adapter = directory.resolve("adapter.safetensors");
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend)
                    .policy(LoraConfig.rank(1).targeting("to_q"), SamplingPlan.steps(1))
                    .adapter()
                    .save(adapter);
        }
        List<List<String>> rows =
                rows("--reference", drawn, "--adapter", adapter, "--diffusion-steps", 0, "--steps", "4", "--seed", 7);
        assertThat(rows.get(5).get(0)).isEqualTo("with the adapter, 4 steps");
        assertThat(rows.get(5).subList(1, rows.get(5).size()))
                .isEqualTo(rows.get(4).subList(1, rows.get(4).size()));
        assertThat(rows.get(5).get(2)).isEqualTo("0.00");
    }

    @Test
    void withoutCaptionsOnlyTheSetsAreCompared(@TempDir Path bare) throws IOException {
        ImageFolder folder = ImageFolder.open(drawn);
        for (int i = 0; i < folder.size(); i++) {
            ImageFiles.writePng(folder.read(i), bare.resolve(i + ".png"));
        }
        List<List<String>> rows = rows("--reference", bare, bare);
        assertThat(rows).hasSize(4);
        assertThat(rows.get(0)).doesNotContain("animal, %");
        assertThat(rows.get(3).get(5)).as("similarity").isEmpty();
    }

    @Test
    void whatCannotBeMeasuredIsRefused() {
        assertThat(Commands.misuse(new Quality())).contains("--reference");
        assertThat(Commands.fail(new Quality(), "--reference", drawn.resolve("none")))
                .contains("none is not a folder");
        assertThat(Commands.fail(new Quality(), "--reference", drawn, "--count", 3))
                .contains("must be at least 4 pictures, got 3");
        assertThat(Commands.fail(new Quality(), "--reference", drawn, "--count", 0))
                .contains("--count must be positive, got 0");
    }

    /** The cells of the table. */
    private static List<List<String>> rows(Object... args) {
        StringWriter text = new StringWriter();
        String[] texts = Arrays.stream(args).map(String::valueOf).toArray(String[]::new);
        assertThat(Cli.commandLine(new Quality())
                        .setOut(new PrintWriter(text, true))
                        .execute(texts))
                .isZero();
        return text.toString()
                .lines()
                .map(line -> Arrays.stream(line.substring(1).split("\\|"))
                        .map(String::strip)
                        .toList())
                .toList();
    }
}
