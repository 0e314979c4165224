package dev.rlcm.onnx;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;

/** ONNX Runtime's own operators. */
final class ContribCases {
    private ContribCases() {}

    static void addTo(OperatorCases cases) {
        attention(cases);
        channelsLast(cases);
        fused(cases);
        cases.contrib("Gelu", node -> node.feed(9))
                .contrib("FastGelu", node -> node.feed(2, 4).feed(4))
                .contrib("FastGelu", node -> node.feed(2, 4))
                .contrib("BiasGelu", node -> node.feed(2, 4).feed(4))
                .contrib("QuickGelu", node -> node.real("alpha", 1.3).feed(9))
                .contrib("BiasSplitGelu", node -> node.feed(2, 3, 6).feed(6).withoutKernel())
                .contrib(
                        "BiasAdd",
                        node -> node.feed(2, 3, 4).feed(4).feed(2, 3, 4).withoutKernel())
                .contrib("FusedConv", node -> node.with("activation", "Relu")
                        .feed(1, 2, 5, 4)
                        .feed(3, 2, 3, 3)
                        .feed(3))
                .contrib("FusedConv", node -> node.with("activation", "Tanh")
                        .feed(1, 2, 3, 4)
                        .feed(3, 2, 1, 1)
                        .feed(3)
                        .feed(1, 3, 3, 4))
                .contrib(
                        "SkipSimplifiedLayerNormalization",
                        node -> node.feed(2, 3, 4).feed(2, 3, 4).feed(4))
                .contrib("EmbedLayerNormalization", ContribCases::embedding)
                .contrib("FusedMatMul", node -> node.with("transA", 1)
                        .real("alpha", 0.5)
                        .feed(2, 4, 3)
                        .feed(2, 4, 5))
                .contrib(
                        "LayerNormalization",
                        node -> node.feed(2, 3, 4).feed(4).feed(4).withoutKernel())
                .contrib(
                        "SkipLayerNormalization",
                        node -> node.feed(2, 3, 4).feed(2, 3, 4).feed(4).feed(4).feed(4));
    }

    private static void channelsLast(OperatorCases cases) {
        cases.contrib("NhwcConv", node -> node.ints("pads", 1, 1, 1, 1)
                        .feed(1, 5, 4, 2)
                        .feed(3, 3, 3, 2)
                        .feed(3)
                        .withoutKernel())
                .contrib("NhwcFusedConv", node -> node.with("activation", "Relu")
                        .feed(1, 5, 4, 2)
                        .feed(3, 2, 3, 3)
                        .feed(3)
                        .withoutKernel())
                .contrib("GroupNorm", node -> node.with("groups", 2)
                        .with("activation", 1)
                        .feed(1, 3, 2, 4)
                        .feed(4)
                        .feed(4)
                        .withoutKernel())
                .contrib("GroupNorm", node -> node.with("groups", 2)
                        .with("activation", 0)
                        .with("channels_last", 0)
                        .feed(1, 4, 3, 2)
                        .feed(4)
                        .feed(4)
                        .withoutKernel())
                .contrib("SkipGroupNorm", node -> node.with("groups", 2)
                        .with("activation", 1)
                        .outputs(2)
                        .feed(1, 3, 2, 4)
                        .feed(4)
                        .feed(4)
                        .feed(1, 4)
                        .feed(4)
                        .withoutKernel());
    }

    private static void fused(OperatorCases cases) {
        cases.contrib("FusedGemm", node -> node.with("activation", "Relu")
                        .with("transB", 1)
                        .feed(2, 3)
                        .feed(4, 3)
                        .feed(4))
                .contrib(
                        "TransposeMatMul",
                        node -> node.with("transB", 1).feed(2, 3).feed(4, 3))
                .contrib("FusedMatMulActivation", node -> node.with("activation", "Tanh")
                        .feed(2, 3)
                        .feed(3, 4)
                        .withoutKernel())
                .contrib(
                        "GemmFastGelu",
                        node -> node.feed(2, 3).feed(3, 4).feed(4).withoutKernel())
                .contrib("BiasSoftmax", node -> node.with("axis", 3)
                        .feed(2, 2, 3, 4)
                        .feed(2, 1, 1, 4)
                        .withoutKernel())
                .contrib(
                        "BiasDropout",
                        node -> node.feed(2, 4).feed(4).feed(2, 4).withoutKernel());
    }

    private static NodeCase embedding(NodeCase node) {
        return node.outputs(2)
                .feed(ids(2, 3))
                .feed(ids(2, 3))
                .feed(7, 4)
                .feed(5, 4)
                .feed(7, 4)
                .feed(4)
                .feed(4);
    }

    private static TensorData ids(int... dims) {
        return TensorData.generate(DataType.INT32, Shape.of(dims), i -> i * 5 % 7);
    }

    private static void attention(OperatorCases cases) {
        cases.contrib("MultiHeadAttention", node -> node.with("num_heads", 2)
                        .feed(1, 3, 4)
                        .feed(1, 5, 4)
                        .feed(1, 5, 6))
                .contrib("MultiHeadAttention", node -> node.with("num_heads", 2)
                        .real("scale", 0.3)
                        .feed(2, 3, 4)
                        .feed(2, 3, 4)
                        .feed(2, 3, 4)
                        .feed(12)
                        .feed(TensorData.generate(DataType.INT32, Shape.of(2, 3), i -> i == 2 || i == 5 ? 0 : 1))
                        .feed(1, 1, 3, 3))
                .contrib("MultiHeadAttention", node -> node.with("num_heads", 2)
                        .with("unidirectional", 1)
                        .feed(1, 3, 4)
                        .feed(1, 3, 4)
                        .feed(1, 3, 4))
                .contrib(
                        "MultiHeadAttention",
                        node -> node.with("num_heads", 2).feed(1, 3, 2, 3, 2).withoutKernel())
                .contrib("MultiHeadAttention", node -> node.with("num_heads", 2)
                        .feed(1, 3, 4)
                        .feed(1, 5, 2, 2, 2)
                        .withoutKernel())
                .contrib("Attention", node -> node.with("num_heads", 2)
                        .feed(2, 3, 4)
                        .feed(4, 12)
                        .feed(12))
                .contrib("Attention", node -> node.with("num_heads", 2)
                        .with("unidirectional", 1)
                        .feed(2, 3, 4)
                        .feed(4, 12)
                        .feed(12)
                        .feed(TensorData.generate(DataType.INT32, Shape.of(2, 3), i -> i == 5 ? 0 : 1)))
                .contrib("RotaryEmbedding", node -> node.with("num_heads", 2)
                        .feed(1, 3, 8)
                        .feed(TensorData.longs(Shape.of(1, 3), 4, 0, 2))
                        .feed(5, 2)
                        .feed(5, 2))
                .contrib("RotaryEmbedding", node -> node.with("interleaved", 1)
                        .feed(1, 2, 3, 4)
                        .feed(TensorData.longs(Shape.of(1), 1))
                        .feed(5, 2)
                        .feed(5, 2));
    }
}
