package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** 16-bit graphs where the provider has no kernels for them. */
class HalfSupportTest {
    private static final Shape SHAPE = Shape.of(32, 32);

    private static Graph graph(DataType half) {
        TensorData weight = TensorData.generate(half, SHAPE, i -> Math.sin(i) / 4);
        Value x = Value.input("x", half, SHAPE);
        return Graph.of("y", x.matmul(Value.constant(weight, "w")).tanh());
    }

    private static TensorData input(DataType half) {
        return TensorData.generate(half, SHAPE, i -> Math.cos(3 * i));
    }

    private static List<TensorData> weights(Graph graph) {
        return graph.topologicalOrder().stream()
                .filter(v -> v.label().equals("w"))
                .map(Value::data)
                .toList();
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "BFLOAT16"})
    void graphsInSixteenBitsRunOnTheCpu(DataType half) {
        Graph graph = graph(half);
        TensorData x = input(half);
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            TensorData y = backend.compile(graph).run(Map.of("x", x)).get("y");
            double[] exact = exact(x, weights(graph).get(0));
            assertThat(y.type()).isEqualTo(half);
            assertThat(y.toDoubles()).containsExactly(exact, within(half == DataType.FLOAT16 ? 6e-4 : 5e-3));
        }
    }

    /** The product is rounded before its tanh is taken, which ONNX Runtime must not optimise away. */
    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "BFLOAT16"})
    void emulationRoundsEveryResult(DataType half) {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(64));
        Value y = x.cast(half).mul(3).tanh().cast(DataType.FLOAT32);
        TensorData data = TensorData.generate(DataType.FLOAT32, x.shape(), i -> Math.sin(i));
        double[] expected = new double[64];
        for (int i = 0; i < 64; i++) {
            double product = round(half, 3 * round(half, data.getDouble(i)));
            expected[i] = round(half, Math.tanh(product));
        }
        try (Backend backend = OrtBackend.emulatingHalf(OrtOptions.defaults().withThreads(1))) {
            double[] actual = backend.compile(Graph.of("y", y))
                    .run(Map.of("x", data))
                    .get("y")
                    .toDoubles();
            assertThat(actual).containsExactly(expected);
        }
    }

    @Test
    void graphsThatShareWeightsShareTheConvertedOnes() {
        Graph graph = graph(DataType.BFLOAT16);
        HalfSupport support = new HalfSupport(HalfSupport.Provider.CPU);
        List<TensorData> once = weights(support.prepare(graph));
        List<TensorData> twice = weights(support.prepare(graph));
        assertThat(once).hasSize(1);
        assertThat(once.get(0).type()).isEqualTo(DataType.FLOAT32);
        assertThat(twice.get(0)).isSameAs(once.get(0));
    }

    @Test
    void cudaKeepsWhatItHasKernelsFor() {
        Graph graph = graph(DataType.BFLOAT16);
        Graph prepared = new HalfSupport(HalfSupport.Provider.CUDA).prepare(graph);
        assertThat(prepared.output("y")).isSameAs(graph.output("y"));
        Value x = Value.input("x", DataType.BFLOAT16, SHAPE);
        Graph rounded = Graph.of("y", x.unary(Op.FLOOR));
        assertThat(new HalfSupport(HalfSupport.Provider.CUDA).prepare(rounded).topologicalOrder())
                .filteredOn(v -> v.is(Op.FLOOR))
                .allMatch(v -> v.type() == DataType.FLOAT32)
                .hasSize(1);
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "BFLOAT16"})
    void filesKeepWeightsInSixteenBits(DataType half, @TempDir Path directory) throws IOException {
        Path file = directory.resolve("model.onnx");
        OnnxModels.save(graph(half), file);
        Graph back = OnnxModels.load(file, Map.of());
        assertThat(weights(back).get(0).type()).isEqualTo(half);
        assertThat(weights(back).get(0).bytes())
                .isEqualTo(weights(graph(half)).get(0).bytes());
    }

    @Test
    void cudaOptionsSayWhatTheyMean() {
        CudaOptions options = CudaOptions.defaults()
                .withMemoryLimit(1L << 30)
                .withTf32(true)
                .withChannelsLast(true)
                .withAmpleWorkspace(false);
        assertThat(options.toProvider())
                .containsEntry("use_tf32", "1")
                .containsEntry("prefer_nhwc", "1")
                .containsEntry("cudnn_conv_use_max_workspace", "0")
                .containsEntry("gpu_mem_limit", "1073741824")
                .containsEntry("cudnn_conv_algo_search", "HEURISTIC")
                .containsEntry("arena_extend_strategy", "kSameAsRequested");
        Map<String, String> own = Map.of("cudnn_conv_algo_search", "DEFAULT", "prefer_nhwc", "1");
        assertThat(CudaOptions.defaults().withOthers(own).toProvider()).containsAllEntriesOf(own);
        assertThatThrownBy(() -> CudaOptions.defaults().withMemoryLimit(0)).hasMessageContaining("got 0");
        assertThatThrownBy(() -> CudaOptions.defaults().withAttentionSlice(0)).hasMessageContaining("got 0");
    }

    private static double round(DataType half, double value) {
        return TensorData.scalar(half, value).getDouble(0);
    }

    private static double[] exact(TensorData x, TensorData weight) {
        double[] y = new double[32 * 32];
        for (int i = 0; i < 32; i++) {
            for (int j = 0; j < 32; j++) {
                double sum = 0;
                for (int k = 0; k < 32; k++) {
                    sum += x.getDouble(32 * i + k) * weight.getDouble(32 * k + j);
                }
                y[32 * i + j] = Math.tanh(sum);
            }
        }
        return y;
    }
}
