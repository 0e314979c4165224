package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Value;
import java.util.List;

/** Gradients of matrix products. Transposition is by flag: no operand is ever rearranged in memory. */
final class MatrixGradients {
    private MatrixGradients() {}

    /** y = A B: dA = g B^T, dB = A^T g; and with A = a^T: da = B g^T; with B = b^T: db = g^T A. */
    static List<Value> matmul(Value y, Value g) {
        Value a = y.in(0);
        Value b = y.in(1);
        boolean transA = y.attributes().flag("transA");
        boolean transB = y.attributes().flag("transB");
        Value da = transA ? b.matmul(g, transB, true) : g.matmul(b, false, !transB);
        boolean single = b.shape().size() == (long) b.dim(-2) * b.dim(-1);
        Value rows = !transA && single ? matrix(a) : a;
        Value upstream = !transA && single ? matrix(g) : g;
        Value db = transB ? upstream.matmul(rows, true, transA) : rows.matmul(upstream, !transA, false);
        return list(da, single ? fit(db, b) : db);
    }

    /** All but the last axis merged, so that one product sums over them. */
    private static Value matrix(Value value) {
        return value.reshape(Math.toIntExact(value.shape().size() / Math.max(1, value.dim(-1))), value.dim(-1));
    }

    /** A matrix in the shape of an operand that has leading axes of extent 1. */
    private static Value fit(Value gradient, Value operand) {
        return gradient.shape().size() == operand.shape().size() ? gradient.reshape(operand.shape()) : gradient;
    }
}
