package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Matrix products. The product carries the node's name. */
final class MatrixTranslations {
    private MatrixTranslations() {}

    static void register(OperatorTable table) {
        table.row("MatMul", node -> product(node, node.in(0), node.in(1), false, false))
                .row("Gemm", MatrixTranslations::gemm)
                .row("Einsum", node -> Einsum.of(node.text("equation", ""), node.allInputs(), node));
    }

    /** NumPy's matmul: a vector on the left is a row, on the right a column, and that axis is dropped again. */
    static Value product(OnnxNode node, Value a, Value b, boolean transA, boolean transB) {
        Value left = a.rank() == 1 ? a.reshape(1, a.dim(0)) : a;
        Value right = b.rank() == 1 ? b.reshape(b.dim(0), 1) : b;
        Value product = matmul(node, left, right, transA && a.rank() > 1, transB && b.rank() > 1);
        int[] dims = product.shape().toArray();
        int n = dims.length;
        if (a.rank() == 1 && b.rank() == 1) {
            return product.reshape(Arrays.copyOf(dims, n - 2));
        }
        if (a.rank() == 1) {
            return product.reshape(IntStream.range(0, n)
                    .filter(i -> i != n - 2)
                    .map(i -> dims[i])
                    .toArray());
        }
        return b.rank() == 1 ? product.reshape(Arrays.copyOf(dims, n - 1)) : product;
    }

    static Value matmul(OnnxNode node, Value a, Value b, boolean transA, boolean transB) {
        return node.apply(Op.MATMUL, Attributes.of("transA", transA, "transB", transB), a, b);
    }

    /** alpha A B + beta C. */
    static Value gemm(OnnxNode node) {
        boolean transA = node.flag("transA", false);
        boolean transB = node.flag("transB", false);
        Value product = scaled(matmul(node, node.in(0), node.in(1), transA, transB), node.real("alpha", 1));
        return node.has(2) ? product.add(scaled(node.in(2), node.real("beta", 1))) : product;
    }

    static Value scaled(Value x, double factor) {
        return factor == 1 ? x : x.mul(factor);
    }
}
