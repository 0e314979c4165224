package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.LoopOptions;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TrainTest {
    @TempDir
    Path directory;

    private static Object[] with(Path output, int epochs, Object... more) {
        Object[] common = {"--epochs", epochs, "--trajectories", 4, "--samples-every", 1, "--output", output};
        return with(common, more);
    }

    private static Object[] with(Object[] some, Object... more) {
        Object[] all = Arrays.copyOf(some, some.length + more.length);
        System.arraycopy(more, 0, all, some.length, more.length);
        return all;
    }

    private static List<Integer> epochs(Path run) throws IOException {
        List<Map<String, Number>> rows = MetricsCsv.read(run.resolve("metrics.csv"));
        return rows.stream().map(row -> row.get("epoch").intValue()).toList();
    }

    private static double firstReward(Path run) throws IOException {
        return MetricsCsv.read(run.resolve("metrics.csv"))
                .get(0)
                .get("reward_mean")
                .doubleValue();
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
        double reward = firstReward(run);
        assertThat(reward).isBetween(0.5, 2.5);
    }

    @Test
    void alignmentRunsWithNothingInstalled() throws IOException {
        Path run = directory.resolve("run");
        Commands.succeed(new Train(), with(run, 1, "--reward", "alignment"));
        assertThat(run.resolve("report.html")).content().contains("BERTScore recall of captions");
        double reward = firstReward(run);
        assertThat(reward).isBetween(0.6, 1.0);
    }

    @Test
    void theCaptionsToChooseFromAreGiven() throws IOException {
        Path captions = Files.writeString(directory.resolve("captions.txt"), "a red wine\n\nthe tax return\n");
        Path run = directory.resolve("run");
        Commands.succeed(new Train(), with(run, 1, "--reward", "alignment", "--captions", captions));
        double reward = firstReward(run);
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
        double reward = firstReward(run);
        assertThat(reward).isBetween(0.0, 0.5);
    }

    @Test
    void jsonLinesAreReadAsPromptsByEveryCommand() throws IOException {
        Path prompts =
                Files.writeString(directory.resolve("signs.jsonl"), "{\"prompt\": \"a sign\", \"text\": \"open\"}\n");
        LoopOptions loop = new LoopOptions();
        new CommandLine(loop).parseArgs("--prompts", prompts.toString());
        assertThat(loop.prompts()).isEqualTo(Prompts.of("a sign"));
        TrainOptions train = TrainOptions.of(List.of("--prompts", prompts.toString()));
        assertThat(train.trainingPrompts().draw(0, 1, RandomStreams.seeded(0)))
                .containsExactly(Prompt.of("a sign").with("text", "open"));
    }

    @Test
    void promptsWithoutATextAreRefused() {
        assertThat(Commands.fail(new Train(), with(directory.resolve("run"), 1, "--reward", "ocr")))
                .contains("put that in double quotes");
    }

    @Test
    void aMixIsReportedByItsPartsItsGuardsAndItsShadows() throws IOException {
        Path run = directory.resolve("run");
        Object[] mix = {
            "--reward", "0.5*compressibility + atleast(brightness, 0.6)",
            "--guard", "contrast >= 0.01",
            "--shadow", "clipscore",
            "--evaluate-every", 1
        };
        Commands.succeed(new Train(), with(run, 1, mix));
        assertThat(run.resolve("report.html"))
                .content()
                .contains("Components", "compressibility", "brightness at least 0.6", "Shadows", "epochs done")
                .contains("contrast &gt;= 0.01", "kept by 100 % of the pictures before")
                .doesNotContain(">change<");
        assertThat(MetricsCsv.read(run.resolve("metrics.csv")).get(0))
                .containsKeys("compressibility_mean", "brightness_at_least_0.6_corr", "loss.drift");
        assertThat(evaluatedEpochs(run)).containsExactly(0, 1);

        Path checkpoint = run.resolve("checkpoint.safetensors");
        Commands.succeed(new Train(), with(run, 2, with(mix, "--resume", checkpoint)));
        assertThat(evaluatedEpochs(run)).containsExactly(0, 1, 2);

        mix[5] = "saturation";
        assertThat(Commands.fail(new Train(), with(run, 3, with(mix, "--resume", checkpoint))))
                .contains("has the shadows [clipscore]", "resume with the same --shadow");
        assertThat(evaluatedEpochs(run)).containsExactly(0, 1, 2);
    }

    private static List<Integer> evaluatedEpochs(Path run) throws IOException {
        List<Integer> epochs = new ArrayList<>();
        new ObjectMapper()
                .readTree(run.resolve("evaluations.json").toFile())
                .forEach(evaluation -> epochs.add(evaluation.path("epoch").asInt()));
        return epochs;
    }

    @Test
    void looksAreRewardedWithNothingInstalled() throws IOException {
        Path run = directory.resolve("run");
        Commands.succeed(new Train(), with(run, 1, "--reward", "aesthetic"));
        assertThat(run.resolve("report.html")).content().contains("mean aesthetic score before", "clipscore");
        double reward = firstReward(run);
        assertThat(reward).isBetween(0.0, 10.0);
    }

    @Test
    void withAClipLooksAreThoseOfLaionsPredictor() {
        Path clip = EmbeddedModel.emojiClip();
        assertThat(Commands.fail(
                        new Train(), with(directory.resolve("run"), 1, "--reward", "aesthetic", "--clip", clip)))
                .contains("the predictor takes embeddings of 768 elements, the image encoder gives 64");
    }

    /** The file that a run writes repeats it: with the same weights to the last bit, and the same file again. */
    @Test
    void theConfigurationOfARunRepeatsIt() throws IOException {
        Path run = directory.resolve("run");
        Commands.succeed(
                new Train(),
                with(run, 2, "--seed", 3, "--guard", "contrast >= 0.01", "--shadow", "none", "--targets", "to_q,to_v"));
        Path again = directory.resolve("again");
        Commands.succeed(new Train(), "--config", run.resolve("config.json"), "--output", again);
        for (String file : List.of("config.json", "adapter.safetensors", "evaluations.json")) {
            assertThat(again.resolve(file)).hasSameBinaryContentAs(run.resolve(file));
        }
        Path other = directory.resolve("other");
        Commands.succeed(new Train(), "--config", run.resolve("config.json"), "--seed", 4, "--output", other);
        assertThat(other.resolve("config.json")).content().contains("\"seed\" : 4");
        assertThat(other.resolve("adapter.safetensors"))
                .content(StandardCharsets.ISO_8859_1)
                .isNotEqualTo(Files.readString(run.resolve("adapter.safetensors"), StandardCharsets.ISO_8859_1));
    }

    @Test
    void theBestAdapterIsKeptWhenTheRewardNoLongerRises() throws IOException {
        Path run = directory.resolve("run");
        Commands.succeed(
                new Train(),
                with(
                        run,
                        6,
                        "--learning-rate",
                        0,
                        "--evaluate-every",
                        1,
                        "--patience",
                        2,
                        "--hold-out",
                        0.5,
                        "--ema",
                        0.9));
        assertThat(evaluatedEpochs(run)).containsExactly(0, 1, 2);
        assertThat(run.resolve("best.safetensors")).hasSameBinaryContentAs(run.resolve("adapter.safetensors"));
        assertThat(run.resolve("report.html")).content().contains("best.safetensors", "2 epochs in");
    }

    @Test
    void gridsEveryZeroEpochsAreRefused() {
        assertThat(Commands.fail(new Train(), "--samples-every", 0, "--output", directory))
                .contains("samples-every must be at least 1, got 0");
        assertThat(directory).isEmptyDirectory();
    }
}
