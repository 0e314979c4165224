package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.examples.report.MetricsCsv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainTest {
    @TempDir
    Path directory;

    private static Object[] with(Path output, int epochs, Object... more) {
        Object[] common = {"--epochs", epochs, "--trajectories", 4, "--samples-every", 1, "--output", output};
        Object[] all = new Object[common.length + more.length];
        System.arraycopy(common, 0, all, 0, common.length);
        System.arraycopy(more, 0, all, common.length, more.length);
        return all;
    }

    private static List<Integer> epochs(Path run) throws IOException {
        List<Map<String, Number>> rows = MetricsCsv.read(run.resolve("metrics.csv"));
        return rows.stream().map(row -> row.get("epoch").intValue()).toList();
    }

    @Test
    void aResumedRunReportsAllItsEpochsOnce() throws IOException {
        Path run = directory.resolve("run");
        Commands.succeed(new Train(), with(run, 1));
        Path early = directory.resolve("early/checkpoint.safetensors");
        Files.createDirectories(early.getParent());
        Files.copy(run.resolve("checkpoint.safetensors"), early);
        assertThat(Commands.fail(new Train(), with(run, 3))).contains("already holds a run");
        assertThat(Commands.fail(new Train(), with(run, 3, "--resume", early))).contains("already holds a run");

        Commands.succeed(new Train(), with(run, 3, "--resume", run.resolve("checkpoint.safetensors")));
        assertThat(epochs(run)).containsExactly(0, 1, 2);
        assertThat(run.resolve("report.html")).content().contains("3 epochs in");

        // As if the run had been killed after its third epoch, with a checkpoint of its first.
        Files.copy(early, run.resolve("checkpoint.safetensors"), StandardCopyOption.REPLACE_EXISTING);
        Path elsewhere = directory.resolve("elsewhere");
        Commands.succeed(new Train(), with(elsewhere, 2, "--resume", run.resolve("checkpoint.safetensors")));
        assertThat(epochs(elsewhere)).containsExactly(0, 1);
        assertThat(epochs(run)).containsExactly(0, 1, 2);
    }

    @Test
    void theEmbeddedClipJudgesTheEmbeddedModelsPictures() throws IOException {
        Path run = directory.resolve("run");
        Commands.succeed(new Train(), with(run, 1, "--reward", "clipscore"));
        assertThat(run.resolve("report.html"))
                .content()
                .contains("mean CLIPScore before")
                .doesNotContain("JPEG");
        double reward = MetricsCsv.read(run.resolve("metrics.csv"))
                .get(0)
                .get("reward_mean")
                .doubleValue();
        assertThat(reward).isBetween(0.5, 2.5);
    }

    @Test
    void alignmentRunsWithNothingInstalled() throws IOException {
        Path run = directory.resolve("run");
        Commands.succeed(new Train(), with(run, 1, "--reward", "alignment"));
        assertThat(run.resolve("report.html")).content().contains("BERTScore recall of captions");
        double reward = MetricsCsv.read(run.resolve("metrics.csv"))
                .get(0)
                .get("reward_mean")
                .doubleValue();
        assertThat(reward).isBetween(0.6, 1.0);
    }

    @Test
    void theCaptionsToChooseFromAreGiven() throws IOException {
        Path captions = Files.writeString(directory.resolve("captions.txt"), "a red wine\n\nthe tax return\n");
        Path run = directory.resolve("run");
        Commands.succeed(new Train(), with(run, 1, "--reward", "alignment", "--captions", captions));
        double reward = MetricsCsv.read(run.resolve("metrics.csv"))
                .get(0)
                .get("reward_mean")
                .doubleValue();
        assertThat(reward).isLessThan(0.5);
        assertThat(run.resolve("report.html")).content().contains("captions.txt");
    }

    @Test
    void aCaptionerThatDoesNotAnswerEndsTheRun() {
        String nobody = "http://localhost:9/v1";
        assertThat(Commands.fail(
                        new Train(), with(directory.resolve("run"), 1, "--reward", "alignment", "--captioner", nobody)))
                .contains("localhost:9");
    }

    @Test
    void textIsReadWithNothingInstalled() throws IOException {
        Path prompts = Files.writeString(directory.resolve("signs.txt"), "a sign that says \"open\"\n");
        Path run = directory.resolve("run");
        Commands.succeed(new Train(), with(run, 1, "--reward", "ocr", "--prompts", prompts));
        double reward = MetricsCsv.read(run.resolve("metrics.csv"))
                .get(0)
                .get("reward_mean")
                .doubleValue();
        assertThat(reward).isBetween(0.0, 0.5);
    }

    @Test
    void promptsWithoutATextAreRefused() {
        assertThat(Commands.fail(new Train(), with(directory.resolve("run"), 1, "--reward", "ocr")))
                .contains("put that in double quotes");
    }

    @Test
    void aestheticsNeedAClip() {
        assertThat(Commands.fail(new Train(), with(directory.resolve("run"), 1, "--reward", "aesthetic")))
                .contains("the reward aesthetic needs --clip");
    }

    @Test
    void gridsEveryZeroEpochsAreRefused() {
        assertThat(Commands.fail(new Train(), "--samples-every", 0, "--output", directory))
                .contains("samples-every must be at least 1, got 0");
        assertThat(directory).isEmptyDirectory();
    }
}
