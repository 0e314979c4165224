package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.examples.report.MetricsCsv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The mains on a consistency model of pixels. */
class PixelModelsTest {
    private static final Path MODEL = Path.of(System.getProperty("rlcm.root"), "fixtures/families/consistency");

    @TempDir
    Path directory;

    private Object[] training(Object... more) throws IOException {
        Path prompts = Files.writeString(directory.resolve("classes.txt"), "fox\n1\n");
        List<Object> all = new ArrayList<>(List.of("--model", MODEL, "--prompts", prompts, "--steps", 2));
        all.addAll(List.of("--epochs", 1, "--trajectories", 4, "--output", directory.resolve("run")));
        all.addAll(List.of(more));
        return all.toArray();
    }

    @Test
    void theMainJobTrainsIt() throws IOException {
        Commands.succeed(new Train(), training("--levels", "0,22"));
        assertThat(MetricsCsv.read(directory.resolve("run/metrics.csv"))).hasSize(1);
        assertThat(directory.resolve("run/adapter.safetensors")).isNotEmptyFile();
        assertThat(Files.readString(directory.resolve("run/config.json")))
                .contains("\"levels\"", "0,22", "\"drift\" : 0.0");
    }

    @Test
    void whatDoesNotFitIsRefused() throws IOException {
        assertThat(Commands.fail(new Train(), training("--drift", 0.1))).contains("drift must be 0", "--kl");
        assertThat(Commands.fail(new Train(), training("--levels", "0,22,30"))).contains("chosen levels, 3, got 2");
        assertThat(Commands.fail(new TextToImage(), "--levels", "0,22", "a cat"))
                .contains("--levels is for");
        assertThat(Commands.fail(new TextToImage(), "--model", MODEL, "--noise-level", 0.5, "fox"))
                .contains("--noise-level");
        assertThat(Commands.fail(new TextToImage(), "--model", MODEL, "a dog"))
                .contains("no class is called \"a dog\"");
        Commands.succeed(new LintModel(), "--model", MODEL, "--steps", 2);
    }

    @Test
    void aClassBecomesAPicture() {
        Path out = directory.resolve("pictures");
        Commands.succeed(new TextToImage(), "--model", MODEL, "--steps", 1, "--out", out, "Blue bird", "4");
        assertThat(out.resolve("1-blue-bird.png")).isNotEmptyFile();
        assertThat(out.resolve("2-4.png")).isNotEmptyFile();
    }
}
