package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.pretraining.TrainTeacher;
import dev.rlcm.examples.pretraining.TrainVae;
import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.ImageFiles;
import dev.rlcm.onnx.pipeline.ImageFolder;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stages on the embedded architectures, with a few small pictures. */
class PretrainingTest {
    private static final int HELD_OUT = 8 * 2;
    private static final int TRAINED = 6 * 2;

    @TempDir
    Path directory;

    @Test
    void aVaeFromScratchLearnsAndMakesAModel() throws IOException {
        Path pictures = draw(16);
        Path out = directory.resolve("vae");
        Commands.succeed(
                new TrainVae(),
                vae(pictures, out, 40, "--from-scratch", "--average-decay", 0.8, "--learning-rate", 3e-3));

        List<Map<String, Number>> rows = MetricsCsv.read(out.resolve("metrics.csv"));
        assertThat(rows).extracting(row -> row.get("step")).containsExactly(0L, 40L);
        double before = number(rows, 0, "PSNR");
        double after = number(rows, 1, "PSNR");
        assertThat(after).isGreaterThan(before + 2);
        assertThat(after).isCloseTo(10 * Math.log10(4 / number(rows, 1, "held-out squared error")), within(1e-9));

        double square = number(rows, 1, "held-out latent square");
        double mean = number(rows, 1, "held-out latent mean");
        assertThat(ModelDirectory.open(out).scalingFactor())
                .isCloseTo(1 / Math.sqrt(square - mean * mean), within(1e-9));
        try (Backend backend = OrtBackend.cpu(1)) {
            LatentConsistencyModel model = LatentConsistencyModel.load(out, backend);
            assertThat(model.generate(List.of("a cat"), 1, 1, 0)).hasSize(1);
        }
    }

    @Test
    void aFrozenEncoderStaysAsItIs() throws IOException {
        Path out = directory.resolve("vae");
        Commands.succeed(new TrainVae(), vae(draw(16), out, 2, "--decoder-only"));
        Path embedded = EmbeddedModel.emojiLcm();
        for (String same : List.of("vae_encoder/model.onnx", "vae_encoder/config.json", "vae_decoder/config.json")) {
            assertThat(out.resolve(same)).hasSameBinaryContentAs(embedded.resolve(same));
        }
        assertThat(Files.readAllBytes(out.resolve("vae_decoder/model.onnx")))
                .isNotEqualTo(Files.readAllBytes(embedded.resolve("vae_decoder/model.onnx")));
    }

    /** A picture that the fifth step needs is missing at first. */
    @Test
    void aStageThatFailedGoesOnBitForBit() throws IOException {
        Path pictures = draw(16);
        Path whole = directory.resolve("whole");
        Commands.succeed(new TrainVae(), vae(pictures, whole, 6, "--measure-every", 3));

        int needed = RandomStreams.seeded(1).at("pictures").at(0).permutation(TRAINED)[2 * 4];
        Path picture = pictures.resolve(name(needed));
        Path away = directory.resolve("away.png");
        Files.move(picture, away);
        Path broken = directory.resolve("broken");
        assertThat(Commands.fail(new TrainVae(), vae(pictures, broken, 6, "--measure-every", 3)))
                .contains(picture.toString());
        Files.move(away, picture);
        Commands.succeed(new TrainVae(), vae(pictures, broken, 6, "--measure-every", 3));

        for (String same : List.of("checkpoint.safetensors", "vae_decoder/model.onnx", "vae_encoder/model.onnx")) {
            assertThat(broken.resolve(same)).hasSameBinaryContentAs(whole.resolve(same));
        }
    }

    @Test
    void aTeacherFromScratchLearnsAndDraws() throws IOException {
        Path out = directory.resolve("teacher");
        Commands.succeed(
                new TrainTeacher(),
                arguments(draw(64), out, 6, "--from-scratch", "--average-decay", 0.5, "--learning-rate", 3e-3));

        List<Map<String, Number>> rows = MetricsCsv.read(out.resolve("metrics.csv"));
        assertThat(number(rows, 1, "MSE")).isLessThan(number(rows, 0, "MSE") - 0.05);
        try (Backend backend = OrtBackend.cpu(1)) {
            LatentDiffusionModel model = LatentDiffusionModel.load(out, backend);
            assertThat(model.generate(List.of("a cat"), 2, 3, 0)).hasSize(1);
        }
    }

    /** Once all pictures were seen, they may be gone, but for the first, which tells the size. */
    @Test
    void aTeacherEncodesNoPictureTwice() throws IOException {
        Path pictures = draw(64);
        Path out = directory.resolve("teacher");
        Commands.succeed(new TrainTeacher(), arguments(pictures, out, TRAINED / 2));
        for (int n = 1; n < TRAINED + HELD_OUT; n++) {
            Files.delete(pictures.resolve(name(n)));
        }
        Commands.succeed(new TrainTeacher(), arguments(pictures, out, TRAINED / 2 + 2));
        assertThat(MetricsCsv.read(out.resolve("metrics.csv")))
                .extracting(row -> row.get("step"))
                .containsExactly(0L, TRAINED / 2L, TRAINED / 2L + 2);
    }

    @Test
    void whatCannotBeTrainedIsRefused() throws IOException {
        Path pictures = draw(16);
        Path out = directory.resolve("out");
        assertThat(Commands.fail(new TrainVae(), vae(pictures, out, 2, "--batch", 4)))
                .contains("28 pictures", "9 batches of 4", "--batch");
        assertThat(Commands.fail(new TrainVae(), vae(pictures, out, 2, "--measure-every", 0)))
                .contains("--measure-every must be at least 1, got 0");
        assertThat(Commands.fail(new TrainTeacher(), arguments(pictures, out, 2, "--drop", 1)))
                .contains("--drop must be in [0, 1), got 1.0");
        Commands.succeed(new TrainVae(), vae(pictures, out, 1));
        assertThat(Commands.fail(new TrainVae(), vae(pictures, out, 1, "--seed", 2)))
                .contains("is not a checkpoint of this run", "random is 1/vae in the checkpoint, 2/vae in this run");
        assertThat(Commands.fail(new TrainVae(), vae(pictures, pictures, 1)))
                .contains(pictures + " is not empty and has no checkpoint");
    }

    private static Object[] vae(Path pictures, Path out, int steps, Object... more) {
        return arguments(pictures, out, steps, more);
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

    /** Dark discs before bright colours. */
    private Path draw(int side) throws IOException {
        Path folder = directory.resolve("pictures");
        List<ImageFolder.Entry> entries = new ArrayList<>();
        for (int n = 0; n < TRAINED + HELD_OUT; n++) {
            RandomGenerator generator = RandomStreams.seeded(n).generator();
            double radius = side * generator.nextDouble(0.2, 0.5);
            float[] pixels = new float[3 * side * side];
            for (int channel = 0; channel < 3; channel++) {
                float inside = generator.nextFloat(0.3f);
                float outside = generator.nextFloat(0.7f, 1);
                for (int i = 0; i < side * side; i++) {
                    double distance = Math.hypot(i % side - side / 2.0, i / side - side / 2.0);
                    pixels[channel * side * side + i] = distance < radius ? inside : outside;
                }
            }
            ImageFiles.writePng(Sample.of("", side, side, pixels), folder.resolve(name(n)));
            entries.add(new ImageFolder.Entry(name(n), Prompt.of("a cat on grass")));
        }
        new ImageFolder(folder, entries).writeMetadata();
        return folder;
    }

    private static String name(int n) {
        return n + ".png";
    }
}
