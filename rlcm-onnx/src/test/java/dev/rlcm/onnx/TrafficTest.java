package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Executable;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TrafficTest {
    private static final TensorData ROWS = TensorData.zeros(DataType.FLOAT32, Shape.of(2, 300));

    @TempDir
    private Path directory;

    /** x [2, 300] W, with weights too large to be part of the model, and the sum of its elements. */
    private static Graph graph() {
        TensorData weight = TensorData.zeros(DataType.FLOAT32, Shape.of(300, 300));
        assertThat(weight.bytes().remaining()).isGreaterThan(SessionWeights.INLINE_BYTES);
        Value y = Value.input("x", DataType.FLOAT32, ROWS.shape()).matmul(Value.constant(weight, "w"));
        return Graph.of(Map.of("y", y, "sum", y.sum()));
    }

    /** A policy that feeds weights at every run does not make them traffic. */
    @Test
    void inputsAndOutputsOfEveryRunCountAndWeightsDoNot() {
        Traffic run = new Traffic(1, 1, 2400, 2, 2404);
        OrtOptions options = OrtOptions.defaults().withMemory(MemoryPolicy.SMALL);
        try (OrtBackend backend = OrtBackend.cpu(options)) {
            Executable executable = backend.compile(graph());
            assertThat(backend.traffic()).isEqualTo(Traffic.NONE);
            Map<String, TensorData> outputs = executable.run(Map.of("x", ROWS));
            assertThat(backend.traffic()).isEqualTo(run);
            executable.run(Map.of("x", ROWS), outputs);
            assertThat(backend.traffic().since(run)).isEqualTo(run);
        }
    }

    @Test
    void openedNetworksCountToo() throws Exception {
        Path file = directory.resolve("network.onnx");
        OnnxModels.save(graph(), file);
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            Executable network = backend.open(Files.readAllBytes(file));
            Map<String, TensorData> outputs = network.run(Map.of("x", ROWS));
            network.run(Map.of("x", ROWS), outputs);
            assertThat(backend.traffic()).isEqualTo(new Traffic(2, 2, 4800, 4, 4808));
        }
    }

    @Test
    void failedRunsDoNotCount() {
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            Executable executable = backend.compile(graph());
            assertThatThrownBy(() -> executable.run(Map.of())).isInstanceOf(IllegalArgumentException.class);
            assertThat(backend.traffic()).isEqualTo(Traffic.NONE);
        }
    }
}
