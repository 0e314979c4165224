package dev.rlcm.onnx;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * A product's operand as a number times a matrix. ONNX Runtime's products take such a number, which spares the pass that
 * multiplies, as the queries of attention are.
 *
 * @param factor 1 if the operand is not scaled
 */
record ScaledOperand(Value matrix, double factor) {
    static ScaledOperand of(Value operand) {
        return isScaled(operand)
                ? new ScaledOperand(operand.in(0), operand.in(1).data().getDouble(0))
                : new ScaledOperand(operand, 1);
    }

    /** Whether the product is written with a scale, in a dialect that has ONNX Runtime's operators. */
    static boolean isTakenBy(Value product) {
        return product.is(Op.MATMUL) && product.type().isFloating() && product.type() != DataType.FLOAT64;
    }

    /** Values that need not be computed, since only products use them, which take their factors. */
    static Set<Value> superfluous(Graph graph) {
        Set<Value> scaled = Collections.newSetFromMap(new IdentityHashMap<>());
        Set<Value> needed = new HashSet<>(graph.outputs().values());
        for (Value value : graph.topologicalOrder()) {
            if (isScaled(value)) {
                scaled.add(value);
            }
            if (!isTakenBy(value)) {
                needed.addAll(value.inputs());
            }
        }
        scaled.removeAll(needed);
        return scaled;
    }

    private static boolean isScaled(Value value) {
        return value.is(Op.MUL)
                && value.in(1).is(Op.CONSTANT)
                && value.in(1).rank() == 0
                && !value.in(0).is(Op.CONSTANT);
    }
}
