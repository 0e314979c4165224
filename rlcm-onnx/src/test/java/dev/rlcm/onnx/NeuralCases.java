package dev.rlcm.onnx;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.List;

/** Matrix products, normalisations, attention and quantisation. */
final class NeuralCases {
    private NeuralCases() {}

    static void addTo(OperatorCases cases) {
        products(cases);
        norms(cases);
        attention(cases);
        quantisation(cases);
    }

    private static void products(OperatorCases cases) {
        cases.of("MatMul", node -> node.feed(2, 1, 3, 4).feed(5, 4, 2))
                .of("MatMul", node -> node.feed(4).feed(2, 4, 3))
                .of("MatMul", node -> node.feed(2, 3, 4).feed(4))
                .of("MatMul", node -> node.feed(4).feed(4))
                .of("Gemm", node -> node.with("transB", 1)
                        .real("alpha", 0.5)
                        .real("beta", 2)
                        .feed(2, 3)
                        .feed(4, 3)
                        .feed(4))
                .from(11, "Gemm", node -> node.with("transA", 1).feed(3, 2).feed(3, 4));
        for (String equation : List.of("ij,jk", "bij,bkj->bik", "ij,kj->ki")) {
            int batch = equation.startsWith("b") ? 1 : 0;
            boolean transposed = !equation.equals("ij,jk");
            cases.from(12, "Einsum", node -> node.with("equation", equation)
                    .feed(batch == 1 ? new int[] {2, 2, 3} : new int[] {2, 3})
                    .feed(batch == 1 ? new int[] {2, 4, 3} : transposed ? new int[] {4, 3} : new int[] {3, 4}));
        }
        cases.from(12, "Einsum", node -> node.with("equation", "b...d,de->b...e")
                        .feed(2, 3, 4)
                        .feed(4, 5))
                .from(12, "Einsum", node -> node.with("equation", "ij->ji").feed(2, 3))
                .from(12, "Einsum", node -> node.with("equation", "ijk->k").feed(2, 3, 4))
                .from(12, "Einsum", node -> node.with("equation", "i,j->ij")
                        .feed(2)
                        .feed(3))
                .from(12, "Einsum", node -> node.with("equation", "bii->bi").feed(2, 3, 3))
                .from(12, "Einsum", node -> node.with("equation", "ii,ij->j")
                        .feed(3, 3)
                        .feed(3, 2))
                .from(12, "Einsum", node -> node.with("equation", "ab,bc,cd->ad")
                        .feed(2, 3)
                        .feed(3, 4)
                        .feed(4, 2));
    }

    private static void norms(OperatorCases cases) {
        cases.of(
                        "BatchNormalization",
                        node -> node.feed(2, 3, 4).feed(3).feed(3).feed(3).positive(3))
                .of("InstanceNormalization", node -> node.real("epsilon", 1e-3)
                        .feed(2, 3, 4, 5)
                        .feed(3)
                        .feed(3))
                .from(17, "LayerNormalization", node -> node.feed(2, 3, 4)
                        .feed(4)
                        .feed(4))
                .from(
                        17,
                        "LayerNormalization",
                        node -> node.with("axis", 1).outputs(3).feed(2, 3, 4).feed(3, 4))
                .between(18, 20, "GroupNormalization", node -> node.with("num_groups", 2)
                        .feed(2, 4, 3, 3)
                        .feed(2)
                        .feed(2))
                .from(21, "GroupNormalization", node -> node.with("num_groups", 2)
                        .feed(2, 4, 3, 3)
                        .feed(4)
                        .feed(4))
                .from(
                        21,
                        "GroupNormalization",
                        node -> node.with("num_groups", 2).feed(3, 4).feed(4).feed(4))
                .of("LpNormalization", node -> node.with("axis", 1).feed(2, 5))
                .of("LpNormalization", node -> node.with("p", 1).feed(2, 5))
                .of("MeanVarianceNormalization", node -> node.feed(2, 3, 2, 4))
                .of("MeanVarianceNormalization", node -> node.ints("axes", 2, 3).feed(2, 3, 2, 4))
                .of("LRN", node -> node.with("size", 3).real("alpha", 0.5).feed(1, 5, 2, 2))
                .of("LRN", node -> node.with("size", 4)
                        .real("bias", 2)
                        .feed(1, 5, 2, 2)
                        .withoutKernel())
                .of("RMSNormalization", node -> node.feed(2, 3, 4).feed(4))
                .of("SimplifiedLayerNormalization", node -> node.feed(2, 3, 4).feed(4));
    }

    private static void attention(OperatorCases cases) {
        cases.of("Attention", node -> node.feed(1, 2, 3, 4).feed(1, 2, 5, 4).feed(1, 2, 5, 3))
                .of("Attention", node -> node.real("scale", 0.3)
                        .with("is_causal", 1)
                        .feed(1, 2, 3, 4)
                        .feed(1, 2, 3, 4)
                        .feed(1, 2, 3, 4))
                .of("Attention", node -> node.with("q_num_heads", 4)
                        .with("kv_num_heads", 2)
                        .feed(1, 3, 8)
                        .feed(1, 5, 4)
                        .feed(1, 5, 6)
                        .feed(3, 5))
                .of("Attention", node -> node.feed(1, 2, 3, 4)
                        .feed(1, 2, 5, 4)
                        .feed(1, 2, 5, 3)
                        .constant(TensorData.generate(DataType.BOOL, Shape.of(3, 5), i -> i % 5 <= i / 5 + 1 ? 1 : 0)))
                .of("Attention", node -> node.real("softcap", 2)
                        .feed(1, 2, 3, 4)
                        .feed(1, 2, 5, 4)
                        .feed(1, 2, 5, 3))
                .of("Attention", node -> node.outputs(4)
                        .with("qk_matmul_output_mode", 3)
                        .feed(1, 1, 2, 4)
                        .feed(1, 1, 2, 4)
                        .feed(1, 1, 2, 3)
                        .absent()
                        .feed(1, 1, 2, 4)
                        .feed(1, 1, 2, 3));
        for (int interleaved : List.of(0, 1)) {
            cases.of("RotaryEmbedding", node -> node.with("interleaved", interleaved)
                            .feed(2, 2, 3, 4)
                            .feed(2, 3, 2)
                            .feed(2, 3, 2))
                    .of("RotaryEmbedding", node -> node.with("interleaved", interleaved)
                            .with("num_heads", 2)
                            .with("rotary_embedding_dim", 2)
                            .feed(1, 3, 8)
                            .feed(5, 1)
                            .feed(5, 1)
                            .feed(TensorData.longs(Shape.of(1, 3), 4, 0, 2)));
        }
    }

    private static void quantisation(OperatorCases cases) {
        TensorData bytes = TensorData.generate(DataType.INT8, Shape.of(3, 4), i -> 20 * i - 110);
        TensorData row = TensorData.generate(DataType.INT8, Shape.of(1, 4), i -> 20 * i - 110);
        TensorData zero = TensorData.scalar(DataType.INT8, 3);
        TensorData zeros = TensorData.generate(DataType.INT8, Shape.of(3), i -> i - 1);
        cases.of("DequantizeLinear", node -> node.feed(bytes).scalar(0.5).constant(zero))
                .from(13, "DequantizeLinear", node -> node.with("axis", 0)
                        .feed(bytes)
                        .floats(0.5, 0.25, 2)
                        .constant(zeros))
                .from(21, "DequantizeLinear", node -> node.with("axis", 1)
                        .with("block_size", 2)
                        .feed(row)
                        .constant(TensorData.floats(Shape.of(1, 2), 0.5f, 0.25f)))
                .of(
                        "QuantizeLinear",
                        node -> node.feed(3, 4).scalar(0.02).constant(zero).kinked())
                .of("QuantizeLinear", node -> node.feed(3, 4).scalar(0.001).kinked())
                .from(13, "QuantizeLinear", node -> node.with("axis", 0)
                        .feed(3, 4)
                        .floats(0.5, 0.25, 2)
                        .constant(zeros)
                        .kinked())
                .of("DynamicQuantizeLinear", node -> node.outputs(3).feed(3, 5).kinked())
                .of("MatMulInteger", node -> node.feed(unsigned(2, 3))
                        .feed(unsigned(3, 4))
                        .constant(TensorData.scalar(DataType.UINT8, 7))
                        .constant(TensorData.scalar(DataType.UINT8, 100)));
    }

    private static TensorData unsigned(int... dims) {
        return TensorData.generate(DataType.UINT8, Shape.of(dims), i -> i * 37 % 256);
    }
}
