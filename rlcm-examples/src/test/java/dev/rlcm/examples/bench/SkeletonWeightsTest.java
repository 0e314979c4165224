package dev.rlcm.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Npy;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.precision.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SkeletonWeightsTest {
    private static final Path SKELETON = Path.of(System.getProperty("rlcm.root"), "fixtures", "sd15-unet-skeleton");

    @Test
    void numbersAreThoseOfTheFixture() throws IOException {
        JsonNode check =
                new ObjectMapper().readTree(SKELETON.resolve("check.json").toFile());
        JsonNode fill =
                new ObjectMapper().readTree(SKELETON.resolve("fill.json").toFile());
        int compared = 0;
        for (JsonNode tensor : check.required("tensors")) {
            int index = tensor.required("index").intValue();
            double std = fill.required("tensors").get(index).required("std").doubleValue();
            JsonNode expected = tensor.required("first_values");
            TensorData actual = SkeletonWeights.noise(index, std, Shape.of(expected.size()));
            for (int j = 0; j < expected.size(); j++) {
                assertThat(actual.getDouble(j)).isEqualTo(expected.get(j).doubleValue());
                compared++;
            }
        }
        assertThat(compared).isGreaterThanOrEqualTo(12);
    }

    /** A UNet of a quarter of the width, with its weights used where they are. */
    @Test
    void theQuarterNetworkGivesTheStoredOutput(@TempDir Path directory) throws IOException {
        Path quarter = SKELETON.resolve("quarter");
        Files.copy(quarter.resolve("model.onnx"), directory.resolve("model.onnx"));
        SkeletonWeights weights = SkeletonWeights.of(quarter);
        assertThat(weights.write(directory)).isTrue();
        assertThat(weights.write(directory)).isFalse();
        SkeletonModel model = new SkeletonModel(directory, weights.batch(), Precision.FLOAT32);
        TensorData expected = Npy.read(quarter.resolve("expected_out_sample.npy"));
        try (Backend backend = OrtBackend.cpu(OrtOptions.defaults().withMemory(MemoryPolicy.SMALL))) {
            TensorData actual = backend.compile(model.denoiser(weights.batch()))
                    .run(model.inputs(weights.batch()))
                    .values()
                    .iterator()
                    .next();
            for (int i = 0; i < expected.size(); i++) {
                assertThat(actual.getDouble(i)).isCloseTo(expected.getDouble(i), within(1e-4));
            }
        }
    }
}
