package dev.rlcm.onnx.exporter;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.NodeProto;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.RandomGraphs;
import dev.rlcm.onnx.Tensors;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

final class ScaledOperandTest {
    private static List<String> operators(Graph graph, Dialect dialect) {
        return OnnxExporter.export(graph, WeightStore.inline(), dialect).getGraph().getNodeList().stream()
                .map(NodeProto::getOpType)
                .toList();
    }

    private static Value input(String name, DataType type, int... dims) {
        return Value.input(name, type, Shape.of(dims));
    }

    private static Value a(DataType type, boolean transposed) {
        return transposed ? input("a", type, 2, 4, 3) : input("a", type, 2, 3, 4);
    }

    /** Products of matrices too, the tall one among them, which is written the other way round. */
    @Property(tries = 20)
    void productsTakeFactors(@ForAll boolean transA, @ForAll boolean transB, @ForAll boolean tall, @ForAll long seed) {
        Value a = tall ? input("a", DataType.FLOAT32, 2100, 8) : a(DataType.FLOAT32, transA);
        Value b = tall
                ? input("b", DataType.FLOAT32, 2100, 3)
                : transB ? input("b", DataType.FLOAT32, 5, 4) : input("b", DataType.FLOAT32, 4, 5);
        Value y = a.mul(0.5).matmul(b.mul(-3), tall || transA, !tall && transB);
        Graph graph = Graph.of("y", y);
        assertThat(operators(graph, Dialect.RUNTIME)).doesNotContain("Mul").contains("FusedMatMul");
        agree(graph, seed);
    }

    private static void agree(Graph graph, long seed) {
        Map<String, TensorData> feeds = RandomGraphs.feeds(graph, seed);
        try (Backend backend = OrtBackend.cpu(1);
                Backend reference = new ReferenceBackend()) {
            TensorData expected = reference.compile(graph).run(feeds).get("y");
            assertThat(Tensors.relativeError(backend.compile(graph).run(feeds).get("y"), expected))
                    .isLessThan(1e-5);
        }
    }

    @Property(tries = 10)
    void factorsOfOutputsAndOfFactorsAreTakenToo(@ForAll long seed) {
        Value a = a(DataType.FLOAT32, false).mul(2).mul(0.25);
        Graph graph = Graph.of("y", a.matmul(input("b", DataType.FLOAT32, 4, 5)).mul(3));
        assertThat(operators(graph, Dialect.RUNTIME)).containsExactly("FusedMatMul");
        agree(graph, seed);
    }

    @Test
    void aProductThatOthersUseKeepsItsFactorOutside() {
        Value product = a(DataType.FLOAT32, false).matmul(input("b", DataType.FLOAT32, 4, 5));
        Graph graph = Graph.of(Map.of("y", product.mul(3), "sin", product.sin()));
        assertThat(operators(graph, Dialect.RUNTIME)).containsExactlyInAnyOrder("MatMul", "Mul", "Sin");
        agree(graph, 1);
    }

    /** 0 times infinity is no number, however it is written. */
    @Test
    void zeroAndInfiniteFactorsStayNodes() {
        Value b = input("b", DataType.FLOAT32, 4, 5);
        for (double factor : new double[] {0, Double.POSITIVE_INFINITY, Double.NaN}) {
            Value y = a(DataType.FLOAT32, false).mul(factor).matmul(b);
            assertThat(operators(Graph.of("y", y), Dialect.RUNTIME)).containsExactly("Mul", "MatMul");
        }
    }

    @Test
    void whatOthersNeedIsComputedToo() {
        Value scaled = a(DataType.FLOAT32, false).mul(2);
        Value product = scaled.matmul(input("b", DataType.FLOAT32, 4, 5));
        assertThat(operators(Graph.of(Map.of("y", product, "scaled", scaled)), Dialect.RUNTIME))
                .containsExactlyInAnyOrder("Mul", "FusedMatMul");
        assertThat(operators(Graph.of(Map.of("y", product, "sin", scaled.sin())), Dialect.RUNTIME))
                .containsExactlyInAnyOrder("Mul", "FusedMatMul", "Sin");
    }

    /** The standard has no such product, and ONNX Runtime none of FLOAT64. */
    @Test
    void otherwiseFactorsStayNodes() {
        Value b = input("b", DataType.FLOAT32, 4, 5);
        Graph single = Graph.of("y", a(DataType.FLOAT32, false).mul(2).matmul(b));
        assertThat(operators(single, Dialect.STANDARD)).containsExactly("Mul", "MatMul");
        Value wide = a(DataType.FLOAT64, false).mul(2).matmul(input("b", DataType.FLOAT64, 4, 5));
        assertThat(operators(Graph.of("y", wide), Dialect.RUNTIME)).containsExactly("Mul", "MatMul");
    }
}
