package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Value;
import java.util.List;

/**
 * Gradients of y = P v with P = softmax(S), S = scale q k^T + mask: dv = P^T g, dS = P (g v^T - d) with d = rowsum(g y),
 * dq = scale dS k, dk = scale dS^T q. P is computed again rather than kept; where it is large, by
 * {@link AttentionSlices}.
 */
final class AttentionGradients {
    /** Scores of a slice for CPUs, 8 MB: larger ones leave the caches, smaller ones make thin products. */
    static final long SLICE = 1 << 21;

    /** Values this narrow make products that wait for memory, so that slices pay from fewer scores on. */
    private static final int NARROW = 32;

    /** How many times wider one matrix must be than another for its transpose to be dearer than that of the product. */
    private static final int MUCH_WIDER = 8;

    private AttentionGradients() {}

    static GradientRule rule(long slice) {
        return (y, g) -> {
            long maxWhole = maxWhole(y, slice);
            return attention(y, g, maxWhole, Math.min(maxWhole, slice));
        };
    }

    /** Whether the gradients of the attention are computed by slices. */
    static boolean isSliced(Value y, long slice) {
        return y.shape().size() / y.dim(-1) * y.in(1).dim(-2) > maxWhole(y, slice);
    }

    /** Slices of the narrow have a quarter, 2 MB on CPUs, as a core's second-level cache. */
    private static long maxWhole(Value y, long slice) {
        return y.dim(-1) <= NARROW ? slice / 4 : 2 * slice;
    }

    static List<Value> attention(Value y, Value g, long maxWhole, long maxSlice) {
        Value k = y.in(1);
        Value q = y.in(0).mul(scale(y));
        Value d = g.mul(y).sum(true, y.rank() - 1);
        Value p = probabilities(y, q);
        Value dS = p.mul(g.matmul(y.in(2), false, true).sub(d));
        return p.shape().size() > maxWhole
                ? new AttentionSlices(y, g, q, d, maxSlice).gradients(dS)
                : list(dS.matmul(k.mul(scale(y))), transposedTimes(dS, q), transposedTimes(p, g), dS);
    }

    /** m^T x, computed as (x^T m)^T where x is much narrower than m: kernels would transpose all of m. */
    private static Value transposedTimes(Value m, Value x) {
        return MUCH_WIDER * x.dim(-1) <= m.dim(-1) ? x.matmul(m, true, false).transposed() : m.matmul(x, true, false);
    }

    private static Value probabilities(Value y, Value q) {
        Value scores = q.matmul(y.in(1), false, true);
        return (y.inputs().size() > 3 ? scores.add(y.in(3)) : scores).softmax(-1);
    }

    static double scale(Value y) {
        return y.attributes().real("scale");
    }
}
