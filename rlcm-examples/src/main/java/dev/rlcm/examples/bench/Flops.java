package dev.rlcm.examples.bench;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/** Floating-point operations of matrix products, convolutions and attention, in units of 10^9; an addition is one. */
final class Flops {
    private Flops() {}

    static double forward(Graph graph) {
        return graph.topologicalOrder().stream().mapToDouble(Flops::of).sum();
    }

    /** What a backward pass needs at the least: every product again for each operand that has a gradient. */
    static double backward(Graph graph, List<Value> wrt) {
        Set<Value> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        needed.addAll(wrt);
        double sum = 0;
        for (Value value : graph.topologicalOrder()) {
            long operands = value.inputs().stream().filter(needed::contains).count();
            if (operands > 0) {
                needed.add(value);
                sum += of(value) * (value.is(Op.ATTENTION) ? 2 : operands);
            }
        }
        return sum;
    }

    private static double of(Value y) {
        double size = y.shape().size() * 1e-9;
        return switch (y.op()) {
            case MATMUL -> 2 * size * y.in(0).dim(y.attributes().flag("transA") ? -2 : -1);
            case CONV -> 2 * size * y.in(1).shape().size() / y.in(1).dim(0);
            case CONV_TRANSPOSE -> 2e-9
                    * y.in(0).shape().size()
                    * y.in(1).shape().size()
                    / y.in(1).dim(0);
            case ATTENTION -> 2 * size * y.in(1).dim(-2) * (y.in(0).dim(-1) + y.dim(-1)) / y.dim(-1);
            default -> 0;
        };
    }
}
