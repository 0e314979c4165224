package dev.rlcm.precision;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;

/**
 * What leads to a quotient by a sum that a tiny number keeps from 0, as in linear attention (Katharopoulos et al., arXiv:2006.16236). The
 * number is 0 in FLOAT16, and products over all tokens may leave its range before they are divided by each other.
 */
final class GuardedQuotients {
    private static final double LEAST = 0x1p-24; // the smallest FLOAT16 above 0

    private static final Set<Op> MOVES =
            EnumSet.of(Op.SLICE, Op.RESHAPE, Op.TRANSPOSE, Op.PAD, Op.CONCAT, Op.EXPAND, Op.CAST, Op.REDUCE_SUM);

    private final Set<Value> found = new HashSet<>();
    private final Set<Value> seen = new HashSet<>();

    private GuardedQuotients() {}

    /** The guarded sums of a graph, the products of activations that they are made of, and the rectifiers before these. */
    static Set<Value> in(Graph graph) {
        GuardedQuotients quotients = new GuardedQuotients();
        for (Value node : graph.topologicalOrder()) {
            if (node.is(Op.ADD) && node.inputs().stream().anyMatch(GuardedQuotients::isTiny)) {
                quotients.found.add(node);
                node.inputs().forEach(quotients::walk);
            }
        }
        return quotients.found;
    }

    private static boolean isTiny(Value value) {
        if (!value.is(Op.CONSTANT)
                || !value.type().isFloating()
                || value.shape().size() != 1) {
            return false;
        }
        double number = value.data().getDouble(0);
        return number > 0 && number < LEAST;
    }

    private void walk(Value value) {
        if (!seen.add(value)) {
            return;
        }
        boolean isOfActivations = value.is(Op.MATMUL) && value.inputs().stream().noneMatch(in -> in.is(Op.CONSTANT));
        if (isOfActivations || value.is(Op.RELU)) {
            found.add(value);
        }
        if (isOfActivations || MOVES.contains(value.op())) {
            value.inputs().forEach(this::walk);
        }
    }
}
