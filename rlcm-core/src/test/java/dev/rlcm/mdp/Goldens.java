package dev.rlcm.mdp;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Npz;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/** The fixtures of schedules, and comparison with them. */
final class Goldens {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");

    private Goldens() {}

    static Map<String, TensorData> arrays(String file) {
        try {
            return Npz.read(FIXTURES.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode json(String file) {
        try {
            return new ObjectMapper().readTree(FIXTURES.resolve(file).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static int[] ints(JsonNode array) {
        return new ObjectMapper().convertValue(array, int[].class);
    }

    /** Row b of an array [B, ...]. */
    static float[] row(TensorData data, int b) {
        int length = data.size() / data.shape().dim(0);
        return Arrays.copyOfRange(data.toFloats(), b * length, (b + 1) * length);
    }

    /** Equal to float32's precision: within the tolerance times the value, or times 1 where that is smaller. */
    static void assertClose(String what, double[] actual, double[] expected, double tolerance) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            double scale = Math.max(1, Math.abs(expected[i]));
            assertThat(Math.abs(actual[i] - expected[i]) / scale)
                    .as("%s[%d]: %s and %s", what, i, actual[i], expected[i])
                    .isLessThanOrEqualTo(tolerance);
        }
    }
}
