package dev.rlcm.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.examples.options.Cli;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DryRunTest {
    private static final Path ROOT = Path.of(System.getProperty("rlcm.root"));

    @TempDir
    private Path directory;

    private static String run(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Cli.commandLine(new DryRun())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(Stream.of(args).map(String::valueOf).toArray(String[]::new));
        assertThat(code).as("%s", err).isZero();
        return out.toString();
    }

    /** The numbers of a row of the table, in GB: adapter, weights, sampling, updating, training. */
    private static double[] row(String output, String name) {
        String line = output.lines()
                .filter(each -> each.startsWith(name + " "))
                .reduce((first, last) -> last)
                .orElseThrow();
        return Arrays.stream(line.substring(name.length()).strip().split(" +"))
                .mapToDouble(Double::parseDouble)
                .toArray();
    }

    /** diffusers counts 2567.5 million weights of SDXL's UNet with timestep_cond, and 23.2 million of an adapter of rank 16. */
    @Test
    void stableDiffusionXlIsPlannedWithoutItsWeights() {
        String output = run(
                "--model",
                ROOT.resolve("fixtures/full-size/sdxl"),
                "--unpacked",
                directory,
                "--machine",
                "GPU",
                "--memory",
                "SMALL");
        double[] planned = row(output, "GPU SMALL");
        assertThat(planned[0]).as("adapter").isEqualTo(Math.rint(23.224320 * 4) / 1000);
        assertThat(planned[1]).as("weights, for sampler and trainer").isBetween(2.5675 * 4 - 0.01, 2.5675 * 4 + 0.1);
        assertThat(planned[4]).isGreaterThan(planned[1] + planned[2] + planned[3]);
        assertThat(output).containsPattern("text encoders and decoder besides, in float32: [3-9]\\.");
    }

    @Test
    void anyModelDirectoryCanBePlanned() {
        String output = run("--model", ROOT.resolve("fixtures/families/sd3"), "--rank", 4, "--memory", "FAST,SMALL");
        assertThat(output.lines().filter(line -> line.startsWith("CPU ") || line.startsWith("GPU ")))
                .as("two tables of two machines with two policies")
                .hasSize(8);
        assertThat(row(output, "CPU FAST")[4]).isGreaterThan(0.2);
    }

    @Test
    void unpackedWeightsHaveTheirFullLengthAndNoTensorIsOneNumber() throws IOException {
        PackedModel.unpack(ROOT.resolve("fixtures/full-size/sdxl"), directory);
        Path weights = directory.resolve("text_encoder/weights.bin");
        assertThat(Files.size(weights)).isBetween(123_060_480L * 4, 123_060_480L * 4 + 200 * 4096);
        assertThat(PackedModel.is(directory)).isFalse();
    }

    @Test
    void aPlannedGraphRefusesToRun() {
        try (PlanningBackend backend = new PlanningBackend()) {
            Graph graph = Graph.of("y", Value.input("x", DataType.FLOAT32, Shape.of(2)));
            assertThatThrownBy(() -> backend.compile(graph).run(Map.of())).hasMessageContaining("not to be run");
            assertThat(backend.graphs()).containsExactly(graph);
        }
    }
}
