package dev.rlcm.onnx.exporter;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A product's operand as a number times a matrix. ONNX Runtime's products take such a number, which spares the pass that
 * multiplies the queries of attention, or the gradients of LoRA's factors.
 *
 * @param factor 1 if the operand is not scaled
 */
record ScaledOperand(Value matrix, double factor) {
    static ScaledOperand of(Value operand) {
        ScaledOperand scaled = new ScaledOperand(operand, 1);
        while (isScaled(scaled.matrix)) {
            Value multiple = scaled.matrix;
            scaled = new ScaledOperand(multiple.in(0), scaled.factor * factor(multiple));
        }
        return scaled;
    }

    /** Whether ONNX Runtime has a product with a factor for the type. */
    static boolean isTakenBy(Value product) {
        return product.is(Op.MATMUL) && Form.hasKernels(product.type());
    }

    /**
     * The same function, with factors of results moved to an operand if nothing else uses the result, as in the gradients of
     * LoRA's factors. Only outputs are rewritten: no other value is built again, so that uses in the graph can be counted.
     */
    static Graph scaleBeforeProducts(Graph graph) {
        Map<Value, Integer> users = new HashMap<>();
        graph.topologicalOrder().forEach(value -> value.inputs().forEach(input -> users.merge(input, 1, Integer::sum)));
        Set<Value> outputs = new HashSet<>(graph.outputs().values());
        return Rewriter.rewrite(
                graph,
                value -> outputs.contains(value)
                                && !users.containsKey(value)
                                && isScaled(value)
                                && isTakenBy(value.in(0))
                                && users.get(value.in(0)) == 1
                        ? scaledFirst(value.in(0), value.in(1), value.label())
                        : value);
    }

    private static Value scaledFirst(Value product, Value factor, String label) {
        List<Value> operands = List.of(product.in(0).mul(factor), product.in(1));
        return Value.of(product.op(), product.attributes(), operands, label);
    }

    private static boolean isScaled(Value value) {
        return value.is(Op.MUL)
                && value.in(1).is(Op.CONSTANT)
                && value.in(1).rank() == 0
                && !value.in(0).is(Op.CONSTANT)
                && isOrdinary(factor(value));
    }

    private static double factor(Value multiple) {
        return multiple.in(1).data().getDouble(0);
    }

    /** A kernel may skip the matrices if the factor is 0, though 0 times NaN or infinity is NaN. */
    private static boolean isOrdinary(double factor) {
        return factor != 0 && Double.isFinite(factor);
    }
}
