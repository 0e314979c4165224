package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Operators that ONNX Runtime's optimisers write mean, once imported, what ONNX Runtime computes with them. */
class FusedOperatorsTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @MethodSource({"attentions", "masks", "products", "embeddings", "others"})
    void importMeansWhatOnnxRuntimeComputes(NodeCase node) throws Exception {
        Path file = directory.resolve("node.onnx");
        Files.write(file, node.model().toByteArray());
        Graph graph = OnnxModels.load(file, Map.of());
        try (PlainSession original = new PlainSession(file);
                OrtBackend backend = OrtBackend.cpu(1)) {
            Map<String, TensorData> actual = backend.compile(graph).run(node.feeds());
            original.run(node.feeds()).forEach((name, expected) -> {
                assertThat(actual.get(name).shape()).as(name).isEqualTo(expected.shape());
                assertThat(Tensors.relativeError(actual.get(name), expected))
                        .as(name)
                        .isLessThan(1e-5);
            });
        }
        assertThat(RaisePatterns.raise(graph).topologicalOrder()).noneMatch(v -> v.is(Op.SOFTMAX) && v.rank() == 4);
    }

    /** ONNX Runtime has no kernels for these layouts on CPUs. */
    @Test
    void packedQueriesKeysAndValuesAreThoseSideBySide() throws Exception {
        TensorData packed = TensorData.generate(DataType.FLOAT32, Shape.of(2, 3, 2, 3, 4), Math::sin);
        NodeCase apart = multiHead();
        for (int part = 0; part < 3; part++) {
            int offset = 4 * part;
            apart.feed(TensorData.generate(
                    DataType.FLOAT32, Shape.of(2, 3, 8), i -> Math.sin(i / 8 * 24 + i % 8 / 4 * 12 + offset + i % 4)));
        }
        assertThat(run(multiHead().feed(packed))).isEqualTo(run(apart));
    }

    private float[] run(NodeCase node) throws Exception {
        Path file = directory.resolve("packed.onnx");
        Files.write(file, node.model().toByteArray());
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            return backend.compile(OnnxModels.load(file, Map.of()))
                    .run(node.feeds())
                    .get("y0")
                    .toFloats();
        }
    }

    private static NodeCase node(String type) {
        return NodeCase.of(type, 17).microsoft();
    }

    private static NodeCase multiHead() {
        return node("MultiHeadAttention").with("num_heads", 2);
    }

    private static NodeCase packed() {
        return node("Attention").with("num_heads", 2).feed(2, 3, 5).feed(5, 24);
    }

    /** [2, 3, 8] queries over [2, 4, 8] keys and values. */
    private static NodeCase cross() {
        return multiHead().feed(2, 3, 8).feed(2, 4, 8).feed(2, 4, 8);
    }

    private static TensorData ints(Shape shape, int... values) {
        return TensorData.generate(DataType.INT32, shape, i -> values[i]);
    }

    static Stream<NodeCase> attentions() {
        return Stream.of(
                cross(),
                cross().feed(24),
                cross().real("scale", 0.7).absent().absent().feed(1, 2, 3, 4),
                multiHead().feed(2, 3, 8).feed(2, 2, 4, 4).feed(2, 2, 4, 4),
                multiHead()
                        .outputs(3)
                        .feed(2, 1, 8)
                        .feed(2, 1, 8)
                        .feed(2, 1, 8)
                        .absent()
                        .absent()
                        .absent()
                        .feed(2, 2, 4, 4)
                        .feed(2, 2, 4, 4),
                multiHead()
                        .with("unidirectional", 1)
                        .feed(2, 3, 8)
                        .feed(2, 3, 8)
                        .feed(2, 3, 8),
                packed().feed(24),
                packed().feed(24).with("unidirectional", 1),
                packed().feed(24).outputs(2).absent().feed(2, 2, 2, 3, 4),
                node("Attention")
                        .with("num_heads", 2)
                        .ints("qkv_hidden_sizes", 8, 8, 4)
                        .feed(2, 3, 5)
                        .feed(5, 20)
                        .feed(20));
    }

    static Stream<NodeCase> masks() {
        return Stream.of(
                cross().absent().feed(ints(Shape.of(2, 4), 1, 1, 1, 0, 1, 0, 0, 0)),
                cross().absent().feed(ints(Shape.of(2), 3, 1)),
                packed().feed(24).feed(ints(Shape.of(2, 3), 1, 1, 0, 1, 0, 0)),
                packed().feed(24).feed(ints(Shape.of(2), 2, 1)),
                packed().feed(24).feed(ints(Shape.of(4), 3, 3, 1, 0)),
                packed().feed(24).feed(ints(Shape.of(2, 3, 3), 1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 1)),
                packed().feed(24).real("mask_filter_value", -3).feed(ints(Shape.of(2, 3), 1, 1, 0, 1, 0, 0)));
    }

    static Stream<NodeCase> products() {
        return Stream.of(
                node("FusedMatMul").with("transBatchA", 1).feed(3, 2, 4).feed(2, 4, 5),
                node("FusedMatMul")
                        .with("transBatchA", 1)
                        .with("transBatchB", 1)
                        .with("transB", 1)
                        .feed(3, 2, 4)
                        .feed(5, 2, 4),
                node("FusedGemm")
                        .with("activation", "Relu")
                        .with("transB", 1)
                        .feed(2, 3)
                        .feed(4, 3)
                        .feed(4),
                node("FusedGemm")
                        .with("activation", "LeakyRelu")
                        .real("activation_alpha", 0.3)
                        .feed(2, 3)
                        .feed(3, 4)
                        .feed(4),
                node("FusedConv")
                        .with("activation", "Relu")
                        .feed(1, 2, 4, 4)
                        .feed(3, 2, 3, 3)
                        .feed(3),
                node("FusedConv")
                        .with("activation", "Tanh")
                        .feed(1, 2, 4, 4)
                        .feed(3, 2, 3, 3)
                        .feed(3));
    }

    static Stream<NodeCase> embeddings() {
        TensorData ids = ints(Shape.of(2, 3), 4, 0, 2, 1, 1, 3);
        TensorData segments = ints(Shape.of(2, 3), 0, 0, 1, 0, 1, 1);
        TensorData mask = ints(Shape.of(2, 3), 1, 1, 0, 1, 1, 1);
        return Stream.of(
                node("EmbedLayerNormalization")
                        .outputs(2)
                        .feed(ids)
                        .feed(segments)
                        .feed(5, 4)
                        .feed(6, 4)
                        .feed(2, 4)
                        .feed(4)
                        .feed(4)
                        .feed(mask),
                node("EmbedLayerNormalization")
                        .outputs(2)
                        .feed(ids)
                        .absent()
                        .feed(5, 4)
                        .feed(6, 4)
                        .absent()
                        .feed(4)
                        .feed(4),
                node("RotaryEmbedding")
                        .feed(2, 2, 3, 4)
                        .feed(TensorData.longs(Shape.of(1), 1))
                        .feed(6, 2)
                        .feed(6, 2),
                node("RotaryEmbedding")
                        .with("interleaved", 1)
                        .feed(2, 2, 3, 4)
                        .feed(TensorData.longs(Shape.of(2, 3), 0, 1, 2, 2, 3, 4))
                        .feed(6, 2)
                        .feed(6, 2));
    }

    static Stream<NodeCase> others() {
        return Stream.of(
                node("SkipSimplifiedLayerNormalization")
                        .feed(2, 3, 4)
                        .feed(2, 3, 4)
                        .feed(4)
                        .feed(4),
                node("SkipLayerNormalization").feed(2, 3, 4).feed(1, 3, 4).feed(4));
    }
}
