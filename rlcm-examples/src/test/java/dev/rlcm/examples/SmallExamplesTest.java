package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.io.Safetensors;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SmallExamplesTest {
    @TempDir
    Path directory;

    @Test
    void theHandComposedLoopLeavesAnAdapterThatChangesThePictures() throws IOException {
        Path trained = directory.resolve("deep/trained.safetensors");
        Commands.succeed(new HandComposedLoop(), "--epochs", 1, "--out", trained);
        Path fresh = directory.resolve("fresh.safetensors");
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            LatentConsistencyModel model = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend);
            LoraAdapter adapter = model.adapter(trained);
            assertThat(adapter.config().rank()).isEqualTo(8);
            assertThat(adapter.config().alpha()).isEqualTo(16);
            model.policy(LoraConfig.rank(2), SamplingPlan.steps(2)).adapter().save(fresh);
        }
        assertThat(Files.readAllBytes(picture(trained))).isNotEqualTo(Files.readAllBytes(picture(fresh)));
    }

    private Path picture(Path adapter) throws IOException {
        Path out = Files.createTempDirectory(directory, "pictures");
        Commands.succeed(
                new SampleWithAdapter(), "--adapter", adapter, "--steps", 1, "--out", out, "A cat, in the sea!");
        assertThat(sides(out.resolve("1-a-cat-in-the-sea.png"))).containsExactly(64, 64);
        return out.resolve("1-a-cat-in-the-sea.png");
    }

    private static int[] sides(Path png) throws IOException {
        BufferedImage image = ImageIO.read(png.toFile());
        return new int[] {image.getHeight(), image.getWidth()};
    }

    @Test
    void aCustomRewardTrains() throws IOException {
        Path prompts = Files.writeString(directory.resolve("prompts.txt"), "a cat at night\na dog on grass\n");
        Path out = directory.resolve("warm.safetensors");
        Commands.succeed(new CustomReward(), "--epochs", 1, "--prompts", prompts, "--out", out);
        assertThat(moved(out)).isTrue();
    }

    @Test
    void warmthIsMeanRedMinusMeanBlue() {
        float[] pixels = new float[3 * 4];
        Arrays.fill(pixels, 0, 4, 0.75f);
        pixels[8] = 1;
        double[] scores = CustomReward.WARMTH.score(List.of(Sample.of("a cat", 2, 2, pixels)));
        assertThat(scores[0]).isEqualTo(0.75 - 0.25, within(1e-6));
    }

    @Test
    void aCustomLossTrains() throws IOException {
        Path out = directory.resolve("anchored.safetensors");
        Commands.succeed(new CustomLoss(), "--epochs", 1, "--out", out);
        assertThat(moved(out)).isTrue();
    }

    /**
     * The end of the second step has mean x / 4 + 3 m / 4 where W = 0, so that a bias of 4/3 times the target is the best that
     * one can have; and W = -I takes the starting point out.
     */
    @Test
    void aCustomPolicyLearnsWhereToGo() throws InterruptedException {
        try (ReferenceBackend backend = new ReferenceBackend()) {
            PlanePolicy policy = new PlanePolicy(backend);
            double before = nearness(policy);
            CustomPolicy.train(policy, 40);
            assertThat(before).isLessThan(-0.8);
            assertThat(nearness(policy)).isGreaterThan(-0.35); // noise alone costs 2 (1 + 1/4) 0.3^2 = 0.225 with W = 0
        }
    }

    private static double nearness(PlanePolicy policy) {
        List<String> prompts = Collections.nCopies(500, "a point");
        double[] scores = CustomPolicy.NEARNESS.score(
                policy.rollout(prompts, RandomStreams.seeded(9)).samples());
        return Arrays.stream(scores).average().orElseThrow();
    }

    /** Whether a B factor, all of which start as zeros, is no longer zero. */
    private static boolean moved(Path adapter) throws IOException {
        return Safetensors.read(adapter).tensors().entrySet().stream()
                .filter(entry -> entry.getKey().endsWith(".lora_B.weight"))
                .map(Map.Entry::getValue)
                .anyMatch(b -> Arrays.stream(b.toDoubles()).anyMatch(x -> x != 0));
    }

    @Test
    void textToImageWritesAPictureForEveryPrompt() throws IOException {
        Path out = directory.resolve("pictures");
        Commands.succeed(new TextToImage(), "--steps", 1, "--out", out, "a fox in the snow", "???");
        try (Stream<Path> files = Files.list(out)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("1-a-fox-in-the-snow.png", "2.png");
        }
        assertThat(sides(out.resolve("2.png"))).containsExactly(64, 64);
    }

    @Test
    void settingsThatCannotBeAreRefusedWithTheirValue() {
        Path foreign = Path.of(System.getProperty("rlcm.root"), "fixtures/tiny-lcm-golden/lora_peft.safetensors");
        assertThat(Commands.fail(new TextToImage(), "--steps", 51, "a cat")).contains("51");
        assertThat(Commands.fail(new TextToImage(), "--model", directory, "a cat"))
                .contains(directory.toString());
        assertThat(Commands.fail(new TextToImage(), "--device", "gpu", "a cat")).contains("got gpu");
        assertThat(Commands.fail(new SampleWithAdapter(), "--adapter", foreign, "a cat"))
                .contains("lora_peft.safetensors does not fit the model");
        assertThat(Commands.fail(new CustomLoss(), "--prompts", directory.resolve("none.txt")))
                .contains("no such file: ", "none.txt");
        assertThat(Commands.fail(new TextToImage(), "--guidance", 0, "a cat")).contains("guidanceScale");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void argumentsThatCannotBeReadAreOneErrorAndNoManual() {
        assertThat(Commands.misuse(new TextToImage(), "--steps", "many", "a cat"))
                .startsWith("error: ")
                .contains("--steps", "many", "--help")
                .doesNotContain("Usage:")
                .hasLineCount(2);
        assertThat(Commands.misuse(new TextToImage(), "--step", 1, "a cat")).contains("--steps");
        assertThat(Commands.misuse(new TextToImage(), "--version", "a cat")).contains("--version");
    }

    @Test
    void aFileInPlaceOfADirectoryIsNamed() throws IOException {
        Path file = Files.createFile(directory.resolve("taken"));
        assertThat(Commands.fail(new TextToImage(), "--steps", 1, "--out", file, "a cat"))
                .isEqualToIgnoringNewLines(
                        "error: " + file.resolve("1-a-cat.png") + ": a file is where a directory should be: " + file);
    }
}
