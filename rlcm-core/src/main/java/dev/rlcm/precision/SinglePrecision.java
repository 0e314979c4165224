package dev.rlcm.precision;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.patterns.RaisePatterns;

/**
 * Turns a graph of 16-bit reals into one of FLOAT32, for devices that are slow or incomplete in 16 bits, as CPUs are.
 * Stateless and thread-safe.
 */
public final class SinglePrecision {
    private SinglePrecision() {}

    /**
     * The graph with FLOAT32 in the place of FLOAT16 and BFLOAT16: in inputs, constants (which are converted, and take
     * twice the memory), casts and, with that, in all that is computed and in outputs. Results differ from the original
     * ones by what those lose to rounding. To have patterns {@linkplain RaisePatterns raised} do so before: their
     * constants are recognised by their type's rounding. A graph without 16-bit reals is returned as it is.
     */
    public static Graph of(Graph graph) {
        boolean none = graph.inputs().stream().noneMatch(input -> input.type().isHalf())
                && graph.topologicalOrder().stream()
                        .noneMatch(value -> value.type().isHalf());
        return none ? graph : Rewriter.rewrite(graph, SinglePrecision::widened);
    }

    private static Value widened(Value value) {
        return switch (value.op()) {
            case INPUT -> value.type().isHalf() ? Value.input(value.label(), DataType.FLOAT32, value.shape()) : value;
            case CONSTANT -> value.type().isHalf()
                    ? Value.constant(value.data().cast(DataType.FLOAT32), value.label())
                    : value;
            case CAST -> value.in(0).cast(value.type().isHalf() ? DataType.FLOAT32 : value.type());
            default -> value;
        };
    }
}
