package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.ImageFiles;
import dev.rlcm.onnx.pipeline.ImageFolder;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DistillTest {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");

    @TempDir
    Path directory;

    private Object[] arguments(Object... more) {
        List<Object> arguments = new ArrayList<>(List.of(
                "--model", FIXTURES.resolve("tiny-ldm"), "--shared", FIXTURES.resolve("tiny-lcm"), "--batch", 2));
        arguments.addAll(List.of("--teacher-samples", 2, "--teacher-steps", 3, "--samples-every", 2, "--shown", 2));
        arguments.addAll(List.of("--steps", 3, "--run", directory.resolve("run")));
        arguments.addAll(List.of(more));
        return arguments.toArray();
    }

    @Test
    void anAdapterIsLearnedFromTheTeachersOwnSamplesAndTheRunGoesOn() throws IOException {
        Path out = directory.resolve("lcm-lora.safetensors");
        Path run = directory.resolve("run");
        Object[] arguments = arguments("--out", out, "--rank", 2, "--targets", "attention", "--guidance", 3);
        Commands.succeed(new Distill(), arguments);
        assertThat(Safetensors.read(out).tensors()).hasSize(256);
        assertThat(MetricsCsv.read(run.resolve("metrics.csv"))).hasSize(3);
        assertThat(MetricsCsv.read(run.resolve("distances.csv")))
                .extracting(row -> row.get("step"))
                .containsExactly(0L, 2L, 3L);
        assertThat(run.resolve("samples/step-000003.png")).exists();
        assertThat(Commands.fail(new Distill(), arguments)).contains("already holds a run");
        List<Object> resumed = new ArrayList<>(List.of(arguments));
        resumed.addAll(List.of("--resume", run));
        resumed.set(resumed.indexOf("--run") + 1, run);
        Map<String, Number> last = MetricsCsv.read(run.resolve("metrics.csv")).get(2);
        Commands.succeed(new Distill(), resumed.toArray());
        assertThat(MetricsCsv.read(run.resolve("metrics.csv"))).hasSize(3).endsWith(last);
    }

    @Test
    void aWholeModelIsTrainedOnARangeOfGuidance() throws IOException {
        Path out = directory.resolve("student");
        Path prompts = Files.writeString(directory.resolve("prompts.txt"), "a cat\na dog\n");
        Path embeddings = directory.resolve("embeddings.safetensors");
        Path encoders = FIXTURES.resolve("tiny-lcm");
        Commands.succeed(new EmbedPrompts(), "--model", encoders, "--embeddings", embeddings, "--prompts", prompts);
        Object[] arguments = arguments(
                "--out",
                out,
                "--guidance",
                "2:4",
                "--average-decay",
                0.9,
                "--embeddings",
                embeddings,
                "--prompts",
                prompts);
        Commands.succeed(new Distill(), arguments);
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            LatentConsistencyModel model = LatentConsistencyModel.load(out, backend);
            assertThat(model.condition(List.of("a cat"), 3).get(0)).containsKey("timestep_cond");
            assertThat(model.generate(List.of("a cat"), 1, 3, 1)).hasSize(1);
        }
    }

    @Test
    void theEndsOfTrajectoriesAreLearnedByAStudentThatWasBegunBefore() throws IOException {
        Path first = directory.resolve("first");
        Commands.succeed(new Distill(), arguments("--out", first, "--guidance", "2:4"));
        Path out = directory.resolve("second");
        Path run = directory.resolve("trajectories");
        List<Object> arguments =
                new ArrayList<>(List.of(arguments("--out", out, "--guidance", "2:4", "--from", first)));
        arguments.addAll(List.of("--method", "trajectories", "--states", 3, "--solver-steps", 10));
        arguments.set(arguments.indexOf("--run") + 1, run);
        Commands.succeed(new Distill(), arguments.toArray());
        assertThat(MetricsCsv.read(run.resolve("metrics.csv"))).hasSize(3);
        Map<String, TensorData> points =
                Safetensors.read(run.resolve("trajectories.safetensors")).tensors();
        assertThat(points.get("states").shape().dim(0)).isEqualTo(6);
        assertThat(points.get("ends").shape().dim(0)).isEqualTo(2);
        arguments.addAll(List.of("--resume", run));
        Commands.succeed(new Distill(), arguments.toArray());
        assertThat(MetricsCsv.read(run.resolve("metrics.csv"))).hasSize(3);
    }

    /** The latents of the run are those of the folder's pictures; the folder's first caption is that of its first latent. */
    @Test
    void aFoldersPicturesAreEncodedAndDistilled() throws IOException {
        Path pictures = drawDiscs(6);
        Path out = directory.resolve("student");
        List<Object> arguments =
                new ArrayList<>(List.of(arguments("--out", out, "--guidance", "2:4", "--data", pictures)));
        Commands.succeed(new Distill(), arguments.toArray());
        Path run = directory.resolve("run");
        Safetensors encoded = Safetensors.read(run.resolve("latents.safetensors"));
        assertThat(encoded.metadata().get("prompts")).startsWith("[\"a disc of radius 20\",");
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            LatentConsistencyModel model = LatentConsistencyModel.load(out, backend);
            TensorData expected = model.encode(ImageFolder.open(pictures).readAll());
            TensorData latents = encoded.tensors().get("latents");
            assertThat(latents.size()).isEqualTo(expected.size());
            for (int i = 0; i < latents.size(); i++) {
                assertThat(latents.getDouble(i)).isCloseTo(expected.getDouble(i), within(1e-4));
            }
            assertThat(model.generate(List.of("a disc of radius 20"), 4, 3, 1)).hasSize(1);
        }
        List<Map<String, Number>> distances = MetricsCsv.read(run.resolve("distances.csv"));
        assertThat(distances.get(distances.size() - 1).get("distance 4").doubleValue())
                .isFinite();

        List<Map<String, Number>> metrics = MetricsCsv.read(run.resolve("metrics.csv"));
        assertThat(metrics).hasSize(3);
        arguments.addAll(List.of("--resume", run));
        Commands.succeed(new Distill(), arguments.toArray());
        assertThat(MetricsCsv.read(run.resolve("metrics.csv"))).isEqualTo(metrics);
    }

    /** Of the teacher's size. */
    private Path drawDiscs(int count) throws IOException {
        Path folder = directory.resolve("pictures");
        List<ImageFolder.Entry> entries = new ArrayList<>();
        int side = 128;
        for (int n = 0; n < count; n++) {
            int radius = 20 + 5 * n;
            float[] pixels = new float[3 * side * side];
            for (int i = 0; i < pixels.length; i++) {
                int place = i % (side * side);
                pixels[i] = Math.hypot(place % side - side / 2.0, place / side - side / 2.0) < radius ? 0.9f : 0.3f;
            }
            ImageFiles.writePng(Sample.of("", side, side, pixels), folder.resolve(n + ".png"));
            entries.add(new ImageFolder.Entry(n + ".png", Prompt.of("a disc of radius " + radius)));
        }
        new ImageFolder(folder, entries).writeMetadata();
        return folder;
    }

    @Test
    void settingsThatCannotBeAreRefusedWithTheirValue() {
        Path adapter = directory.resolve("a.safetensors");
        assertThat(Commands.fail(new Distill(), arguments("--out", adapter, "--guidance", "3:15")))
                .contains("cannot learn scales from 3.0 to 15.0");
        assertThat(Commands.fail(new Distill(), arguments("--out", adapter, "--guidance", "much")))
                .contains("guidance must be a scale such as 7.5 or a range such as 3:15, got much");
        assertThat(Commands.fail(new Distill(), arguments("--out", adapter, "--from", FIXTURES)))
                .contains("--from goes on from a whole model");
        assertThat(Commands.fail(
                        new Distill(), arguments("--out", adapter, "--method", "trajectories", "--data", FIXTURES)))
                .contains("leave out --data, or --method trajectories");
        assertThat(Commands.fail(new Distill(), arguments("--out", FIXTURES.resolve("tiny-ldm"))))
                .contains("tiny-ldm already holds a model");
    }
}
