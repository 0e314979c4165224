package dev.rlcm.rewrite;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.TensorType;
import dev.rlcm.graph.Value;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Computes every expression once. Stateless and thread-safe. */
public final class CommonSubexpressions {
    /** Larger constants are the same only if their data is the same object: comparing weights would read the model. */
    private static final int LARGEST_COMPARED = 64;

    private CommonSubexpressions() {}

    /** Values are equal if they are the same object, so that equal keys are equal expressions. */
    private record Key(Op op, Object attributes, List<Value> operands) {}

    /**
     * The graph with equal nodes merged: same operator, operands and attributes. The first keeps its place and label.
     * Constants of at most 64 elements are compared by type, shape and bytes, larger ones by the identity of their data;
     * inputs are never merged. Takes linear time.
     */
    public static Graph merge(Graph graph) {
        Map<Key, Value> first = new HashMap<>();
        return Rewriter.rewrite(
                graph, value -> value.is(Op.INPUT) ? value : first.computeIfAbsent(key(value), k -> value));
    }

    private static Key key(Value value) {
        boolean compared = value.is(Op.CONSTANT) && value.shape().size() <= LARGEST_COMPARED;
        return new Key(value.op(), compared ? content(value.data()) : value.attributes(), value.inputs());
    }

    private static Object content(TensorData data) {
        return List.of(new TensorType(data.type(), data.shape()), data.bytes());
    }
}
