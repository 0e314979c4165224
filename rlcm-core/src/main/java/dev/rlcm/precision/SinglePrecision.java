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
     * The graph with FLOAT32 in the place of FLOAT16 and BFLOAT16: in inputs, in constants, in casts, and therefore in all
     * results. Converted constants take twice the memory. Results differ from the original ones by the rounding of those.
     * {@linkplain RaisePatterns Raise} patterns first, since their constants are recognised by the rounding of their type.
     * Returns a graph without 16-bit reals as it is.
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
