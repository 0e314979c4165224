package dev.rlcm.rewrite;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;

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
        boolean none = graph.inputs().stream().noneMatch(input -> isHalf(input.type()))
                && graph.topologicalOrder().stream().noneMatch(value -> isHalf(value.type()));
        return none ? graph : Rewriter.rewrite(graph, SinglePrecision::widened);
    }

    private static Value widened(Value value) {
        return switch (value.op()) {
            case INPUT -> isHalf(value.type()) ? Value.input(value.label(), DataType.FLOAT32, value.shape()) : value;
            case CONSTANT -> isHalf(value.type()) ? Value.constant(widened(value.data()), value.label()) : value;
            case CAST -> value.in(0).cast(isHalf(value.type()) ? DataType.FLOAT32 : value.type());
            default -> value;
        };
    }

    private static TensorData widened(TensorData data) {
        return TensorData.generate(DataType.FLOAT32, data.shape(), data::getDouble);
    }

    private static boolean isHalf(DataType type) {
        return type == DataType.FLOAT16 || type == DataType.BFLOAT16;
    }
}
