package dev.rlcm.rewrite.folding;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.util.EnumMap;
import java.util.Map;

/**
 * Evaluates what depends on constants only, and drops what changes nothing.
 *
 * <p>Integers are computed exactly in 64 bits and wrap around at their type's width; real numbers are computed in double
 * precision and rounded once, at the end of each operator, to the node's type. Stateless and thread-safe.
 */
public final class ConstantFolding {
    /** In elements. Above it a result may not be larger than its largest operand, lest folding inflate the model. */
    private static final long LARGEST_RESULT = 1 << 20;

    /** In elements. An EXPAND holds no information, so it is evaluated only where shapes or masks come from it. */
    private static final long LARGEST_EXPAND = 1 << 16;

    private static final Map<Op, Folder> TABLE = new EnumMap<>(Op.class);

    static {
        BroadcastFolding.addTo(TABLE);
        ScalarFolding.addTo(TABLE);
        MovementFolding.addTo(TABLE);
        IndexFolding.addTo(TABLE);
        ReductionFolding.addTo(TABLE);
        ProductFolding.addTo(TABLE);
    }

    private ConstantFolding() {}

    /**
     * A simpler value of the same type and shape: a CONSTANT with the node's label if all operands are constant, an
     * operand if the operator does not change it (x + 0, x * 1, a reshape to the same shape), one reshape or
     * transpose for two. The value itself if it is none of these, if the result would be large and larger than every
     * operand, if it has none (an integer division by zero), or if the operator is not one that shapes, masks and
     * weights are computed with (a convolution).
     */
    public static Value fold(Value value) {
        if (value.inputs().isEmpty()) {
            return value;
        }
        return value.inputs().stream().allMatch(v -> v.is(Op.CONSTANT)) && affordable(value)
                ? evaluated(value)
                : Identities.simplify(value);
    }

    /** The graph with every node {@linkplain #fold folded}; its inputs stay declared even if nothing uses them now. */
    public static Graph apply(Graph graph) {
        return Rewriter.rewrite(graph, ConstantFolding::fold);
    }

    private static Value evaluated(Value value) {
        try {
            TensorData data = TABLE.get(value.op()).fold(value);
            return Value.constant(data, value.label());
        } catch (ArithmeticException e) {
            return value; // it may be in a branch of a WHERE that is never taken; if not, the runtime reports it
        }
    }

    private static boolean affordable(Value value) {
        long limit = value.is(Op.EXPAND) ? LARGEST_EXPAND : LARGEST_RESULT;
        boolean small = value.shape().size() <= limit
                || value.inputs().stream()
                        .anyMatch(v -> value.shape().size() <= v.shape().size());
        return switch (value.op()) {
            case MATMUL -> small && ProductFolding.affordable(value);
            case PAD -> small && value.attributes().text("mode").equals("constant");
            default -> small && TABLE.containsKey(value.op());
        };
    }
}
