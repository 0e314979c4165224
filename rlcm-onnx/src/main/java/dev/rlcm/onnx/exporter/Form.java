package dev.rlcm.onnx.exporter;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Value;

/**
 * A way to write some values of a graph that ONNX Runtime is faster at, on some device, than at what {@link ExportTable}
 * writes. Stateless.
 */
public interface Form {
    /** The same function, before composites that ONNX lacks are written out. */
    default Graph beforeDecomposition(Graph graph) {
        return graph;
    }

    /** The same function, after composites that ONNX lacks are written out. */
    default Graph afterDecomposition(Graph graph) {
        return graph;
    }

    /** Whether this form writes the composite, which is not written out then. */
    default boolean keeps(Value composite) {
        return false;
    }

    /** Says of some values of the graph how they are written. */
    default void plan(Graph graph, ExportPlan plan) {}

    /** Whether ONNX Runtime's own operators are there for the type. */
    static boolean hasKernels(DataType type) {
        return type.isFloating() && type != DataType.FLOAT64;
    }
}
