package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Npy;
import dev.rlcm.onnx.pipeline.component.Rows;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** The numeric arrays of the fixtures' archives, some of which hold texts too; and how far results are from them. */
public final class Goldens {
    private Goldens() {}

    public static Map<String, TensorData> read(String archive) throws IOException {
        Map<String, TensorData> arrays = new HashMap<>();
        Path copy = Files.createTempFile("golden", ".npy");
        try (ZipFile zip = new ZipFile(Models.FIXTURES.resolve(archive).toFile())) {
            for (ZipEntry entry : zip.stream().map(ZipEntry.class::cast).toList()) {
                String name = entry.getName().replace(".npy", "");
                if (!name.equals("prompts")) {
                    try (InputStream in = zip.getInputStream(entry)) {
                        Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
                    }
                    arrays.put(name, Npy.read(copy));
                }
            }
        } finally {
            Files.delete(copy);
        }
        return arrays;
    }

    /** Row b of a batch, without its axis. */
    static TensorData row(TensorData batch, int b) {
        int[] dims = batch.shape().toArray();
        return Rows.slice(batch, b, b + 1).reshape(Shape.of(Arrays.copyOfRange(dims, 1, dims.length)));
    }

    /** How far a tensor is from another, in the other's norm. */
    static double relativeL2(TensorData actual, TensorData expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.size(); i++) {
            difference += Math.pow(actual.getDouble(i) - expected.getDouble(i), 2);
            norm += Math.pow(expected.getDouble(i), 2);
        }
        return Math.sqrt(difference / norm);
    }

    /** Asserts that shapes are equal and no element differs by more than the tolerance. */
    public static void assertClose(TensorData actual, TensorData expected, double tolerance) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertClose(actual.toDoubles(), expected.toDoubles(), tolerance);
    }

    public static void assertClose(double[] actual, double[] expected, double tolerance) {
        assertThat(actual).hasSameSizeAs(expected);
        double worst = 0;
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).isFinite();
            worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
        }
        assertThat(worst).as("largest difference").isLessThanOrEqualTo(tolerance);
    }
}
