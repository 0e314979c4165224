package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.pretraining.TrainClip;
import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.ImageFiles;
import dev.rlcm.onnx.pipeline.ImageFolder;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.ModelFiles;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import dev.rlcm.rewards.ClipScore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stage of the judge on small pictures: discs of an animal's colour before a scene's grey. */
class TrainClipTest {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");
    private static final Path CLIP = FIXTURES.resolve("clip-golden");
    private static final List<String> ANIMALS = List.of("cat", "dog", "fox");
    private static final Map<String, String> SCENES = Map.of("grass", "on grass", "sea", "in the sea");

    private static final double EMBEDDED_SCALE = 3.15396;

    @TempDir
    Path directory;

    @Test
    void aClipLearnsOtherPicturesAndServesAsAReward() throws IOException {
        Path pictures = draw(16, 8 * 8 + 24);
        Path out = directory.resolve("clip");
        Commands.succeed(new TrainClip(), arguments(pictures, out, 24, "--batch", 8, "--average-decay", 0.5));

        List<Map<String, Number>> rows = MetricsCsv.read(out.resolve("metrics.csv"));
        assertThat(rows).extracting(row -> row.get("step")).containsExactly(0L, 24L);
        assertThat(number(rows, 1, "held-out loss")).isLessThan(number(rows, 0, "held-out loss") - 0.3);
        assertThat(number(rows, 1, "retrieval")).isGreaterThan(number(rows, 0, "retrieval"));
        assertThat(number(rows, 1, "animal") + number(rows, 1, "scene")).isGreaterThan(1.5);
        assertThat(JsonFile.read(out.resolve("config.json")).real("logit_scale").orElseThrow())
                .isNotCloseTo(EMBEDDED_SCALE, within(1e-4));
        assertThat(out.resolve("README.md")).doesNotExist();

        ImageFolder folder = ImageFolder.open(pictures);
        Sample cat = folder.read(0);
        assertThat(cat.metadata()).containsEntry("animal", "cat");
        try (Backend backend = OrtBackend.cpu(1)) {
            ClipScore score = new ClipScore(ClipImageEncoder.load(out, backend), ClipTextEncoder.load(out, backend));
            double[] scores =
                    score.score(List.of(cat, cat.withPrompt(Prompt.of("a fox " + SCENES.get((String) other(cat))))));
            assertThat(scores[0]).isGreaterThan(scores[1]);
        }
    }

    private static Object other(Sample sample) {
        return sample.metadata().get("scene").equals("grass") ? "sea" : "grass";
    }

    /** With new weights. A picture that the third step needs is missing at first. */
    @Test
    void aStageThatFailedGoesOnBitForBit() throws IOException {
        int trained = 6;
        Path pictures = draw(64, 8 * 2 + trained);
        Object[] more = {"--fresh", "--measure-every", 2, "--vae", EmbeddedModel.emojiLcm()};
        Path whole = directory.resolve("whole");
        Commands.succeed(new TrainClip(), arguments(pictures, whole, 3, more));

        int needed = RandomStreams.seeded(1).at("pictures").at(0).permutation(trained)[2 * 2];
        Path picture = pictures.resolve(name(needed));
        Path away = directory.resolve("away.png");
        Files.move(picture, away);
        Path broken = directory.resolve("broken");
        assertThat(Commands.fail(new TrainClip(), arguments(pictures, broken, 3, more)))
                .contains(picture.toString());
        Files.move(away, picture);
        Commands.succeed(new TrainClip(), arguments(pictures, broken, 3, more));

        for (String same : List.of("checkpoint.safetensors", "vision_model.onnx", "text_model.onnx", "config.json")) {
            assertThat(broken.resolve(same)).hasSameBinaryContentAs(whole.resolve(same));
        }
    }

    /** Transformers' architecture, whose text tower takes a mask. */
    @Test
    void anExportOfTransformersIsAdapted() throws IOException {
        Path model = directory.resolve("export");
        ModelFiles.copy(CLIP, model, file -> CLIP.equals(file.getParent()));
        ModelFiles.copy(FIXTURES.resolve("tiny-lcm/tokenizer"), model.resolve("tokenizer"), file -> true);
        Path out = directory.resolve("adapted");
        Commands.succeed(new TrainClip(), arguments(draw(16, 8 * 2 + 4), out, 2, "--model", model));
        for (String changed : List.of("vision_model.onnx", "text_model.onnx")) {
            assertThat(Files.mismatch(out.resolve(changed), model.resolve(changed)))
                    .as(changed)
                    .isNotNegative();
        }
        assertThat(out.resolve("tokenizer/tokenizer.json"))
                .hasSameBinaryContentAs(model.resolve("tokenizer/tokenizer.json"));
        assertThat(out.resolve("scores.npz")).as("no file of a model").doesNotExist();
        assertThat(MetricsCsv.read(out.resolve("metrics.csv"))).hasSize(2);
    }

    @Test
    void whatCannotBeTrainedIsRefusedBeforeAnythingIsWritten() throws IOException {
        Path pictures = draw(16, 8 * 2 + 2);
        Path out = directory.resolve("out");
        assertThat(Commands.fail(new TrainClip(), arguments(pictures, out, 1, "--batch", 1)))
                .contains("--batch must be at least 2, since the loss compares the pictures of a batch", "got 1");
        assertThat(Commands.fail(new TrainClip(), arguments(pictures, out, 1, "--accumulation", 0)))
                .contains("--accumulation must be at least 1, got 0");

        Path projectionless = directory.resolve("projectionless");
        ModelFiles.copy(EmbeddedModel.emojiClip(), projectionless, file -> true);
        Files.delete(projectionless.resolve("text_model.onnx"));
        Files.copy(
                EmbeddedModel.emojiLcm().resolve("text_encoder/model.onnx"), projectionless.resolve("text_model.onnx"));
        assertThat(Commands.fail(new TrainClip(), arguments(pictures, out, 1, "--model", projectionless)))
                .contains("text_model.onnx has no output text_embeds", "export the model with its projection");

        Files.delete(pictures.resolve("metadata.jsonl"));
        assertThat(Commands.fail(new TrainClip(), arguments(pictures, out, 1)))
                .contains(pictures.resolve("0.png") + " has no caption; write metadata.jsonl");
        assertThat(out).doesNotExist();
    }

    @Test
    void aScaleAboveItsBoundIsRefused() throws IOException {
        Object[] arguments = arguments(draw(16, 8 * 2 + 2), directory.resolve("out"), 1, "--logit-scale", 4.6);
        assertThat(Commands.fail(new TrainClip(), arguments))
                .contains("the logit scale to begin with must be at most --largest-logit-scale, 4.0, got 4.6");
    }

    private static Object[] arguments(Path pictures, Path out, int steps, Object... more) {
        List<Object> all = new ArrayList<>(List.of("--data", pictures, "--out", out, "--steps", steps));
        all.addAll(List.of(more));
        if (!all.contains("--batch")) {
            all.addAll(List.of("--batch", 2));
        }
        return all.toArray();
    }

    private static double number(List<Map<String, Number>> rows, int row, String column) {
        return rows.get(row).get(column).doubleValue();
    }

    private Path draw(int side, int count) throws IOException {
        Path folder = directory.resolve("pictures");
        List<ImageFolder.Entry> entries = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            RandomGenerator generator = RandomStreams.seeded(n).generator();
            int animal = n % ANIMALS.size();
            String scene = generator.nextBoolean() ? "grass" : "sea";
            double radius = side * generator.nextDouble(0.3, 0.45);
            float[] pixels = new float[3 * side * side];
            for (int i = 0; i < pixels.length; i++) {
                int place = i % (side * side);
                double distance = Math.hypot(place % side - side / 2.0, place / side - side / 2.0);
                float inside = i / (side * side) == animal ? 1 : 0;
                pixels[i] = distance < radius ? inside : scene.equals("grass") ? 0.2f : 0.8f;
            }
            ImageFiles.writePng(Sample.of("", side, side, pixels), folder.resolve(name(n)));
            String text = "a " + ANIMALS.get(animal) + " " + SCENES.get(scene);
            Map<String, Object> metadata = Map.of("animal", ANIMALS.get(animal), "scene", scene);
            entries.add(new ImageFolder.Entry(name(n), new Prompt(text, metadata)));
        }
        new ImageFolder(folder, entries).writeMetadata();
        return folder;
    }

    private static String name(int n) {
        return n + ".png";
    }
}
