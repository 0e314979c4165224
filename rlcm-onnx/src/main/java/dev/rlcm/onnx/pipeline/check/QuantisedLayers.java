package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.EnumSet;
import java.util.Set;

/** The products of a network whose operand is quantised at run time. */
final class QuantisedLayers {
    private static final Set<Op> PRODUCTS = EnumSet.of(Op.MATMUL, Op.CONV);

    /** What stands between rounding and a product. */
    private static final Set<Op> STEPS =
            EnumSet.of(Op.ADD, Op.SUB, Op.MUL, Op.CAST, Op.RESHAPE, Op.TRANSPOSE, Op.EXPAND);

    private static final int MOST_STEPS = 6;

    private QuantisedLayers() {}

    static int count(Graph graph) {
        return (int) graph.topologicalOrder().stream()
                .filter(value -> PRODUCTS.contains(value.op()) && isRounded(value.in(0), MOST_STEPS))
                .count();
    }

    /** Only the straight-through estimator stops the gradient of more than a number. */
    private static boolean isRounded(Value value, int steps) {
        if (value.is(Op.STOP_GRADIENT)) {
            return value.rank() > 0;
        }
        return steps > 0
                && STEPS.contains(value.op())
                && value.inputs().stream().anyMatch(in -> isRounded(in, steps - 1));
    }
}
