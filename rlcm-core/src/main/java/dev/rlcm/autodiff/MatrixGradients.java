package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Value;
import java.util.List;

/** Gradients of matrix products and attention. Transposition is by flag: no operand is ever rearranged in memory. */
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

    /**
     * y = P v with P = softmax(S), S = scale q k^T + mask. P is computed again rather than kept: dv = P^T g, dP = g
     * v^T, dS = P (dP - rowsum(g y)), dq = scale dS k, dk = scale dS^T q.
     */
    static List<Value> attention(Value y, Value g) {
        Value k = y.in(1);
        Value v = y.in(2);
        double scale = y.attributes().real("scale");
        Value q = y.in(0).mul(scale);
        Value scores = q.matmul(k, false, true);
        Value p = (y.inputs().size() > 3 ? scores.add(y.in(3)) : scores).softmax(-1);
        Value dS = p.mul(g.matmul(v, false, true).sub(g.mul(y).sum(true, y.rank() - 1)));
        return list(dS.matmul(k).mul(scale), dS.matmul(q, true, false), p.matmul(g, true, false), dS);
    }
}
