package dev.rlcm.precision;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Computes 16-bit nodes in FLOAT32, for a backend that lacks kernels for them. Inputs and outputs of the graph keep their
 * types. Stateless and thread-safe.
 */
public final class Widening {
    /** Their results are operands' elements, which are rounded already, or 0. */
    private static final Set<Op> EXACT = EnumSet.of(
            Op.AFTER,
            Op.RESHAPE,
            Op.TRANSPOSE,
            Op.EXPAND,
            Op.SLICE,
            Op.CONCAT,
            Op.GATHER,
            Op.GATHER_ELEMENTS,
            Op.GATHER_ND,
            Op.RESIZE,
            Op.TRILU,
            Op.WHERE,
            Op.NEG,
            Op.ABS,
            Op.RELU,
            Op.MIN,
            Op.MAX);

    private final Predicate<Value> condition;
    private final boolean rounding;
    private final HalfViews views;

    private Widening(Predicate<Value> condition, boolean rounding, UnaryOperator<TensorData> constants) {
        this.condition = condition;
        this.rounding = rounding;
        this.views = new HalfViews((data, type) -> type == DataType.FLOAT32 ? constants.apply(data) : data.cast(type));
    }

    /**
     * The same function with those 16-bit nodes in FLOAT32 that the condition selects. Results that pass from one of
     * them to another are not rounded in between.
     *
     * @param constants gives a constant's data in FLOAT32: {@code data.cast(FLOAT32)}, or the same from a cache
     */
    public static Graph widen(Graph graph, Predicate<Value> condition, UnaryOperator<TensorData> constants) {
        return new Widening(condition, false, constants).apply(graph);
    }

    /**
     * All nodes in FLOAT32, but with every result of a 16-bit node rounded to its type: what a device computes that
     * accumulates in FLOAT32 and stores in 16 bits.
     *
     * @param constants as in {@link #widen}
     */
    public static Graph emulate(Graph graph, UnaryOperator<TensorData> constants) {
        return new Widening(value -> true, true, constants).apply(graph);
    }

    private Graph apply(Graph graph) {
        return views.rebuild(graph, this::widened);
    }

    private Value widened(Value node) {
        boolean touched = node.type().isHalf()
                || node.inputs().stream().anyMatch(v -> v.type().isHalf());
        if (node.is(Op.CAST)) {
            return cast(node);
        }
        if (!touched || !condition.test(node)) {
            return views.asBefore(node);
        }
        Value single = views.apply(DataType.FLOAT32, node);
        if (!node.type().isHalf()) {
            return single;
        }
        return rounding && !EXACT.contains(node.op()) ? single.cast(node.type()) : views.rounded(single, node.type());
    }

    /** Casts to 16 bits round as they did only if that is asked for; casts from them are the operand, unrounded. */
    private Value cast(Value node) {
        Value x = node.in(0);
        if (x.type().isHalf() && node.type() == DataType.FLOAT32) {
            return views.in(DataType.FLOAT32, x);
        }
        boolean rounds = x.type() == DataType.FLOAT32 && node.type().isHalf();
        return rounds && !rounding ? views.rounded(views.in(DataType.FLOAT32, x), node.type()) : views.asBefore(node);
    }
}
