package dev.rlcm.rewrite.lowering;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.TensorType;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Computes every expression once. Stateless and thread-safe. */
public final class CommonSubexpressions {
    /** Larger constants are the same only if their data is the same object: comparing weights would read the model. */
    private static final int LARGEST_COMPARED = 64;

    private static final Set<Op> COMMUTATIVE =
            EnumSet.of(Op.ADD, Op.MUL, Op.MIN, Op.MAX, Op.EQUAL, Op.AND, Op.OR, Op.XOR);

    private CommonSubexpressions() {}

    /** Values are equal if they are the same object, so that equal keys are equal expressions. */
    private record Key(Op op, Object attributes, List<Value> operands) {}

    /**
     * The graph with equal nodes merged: same operator, attributes and operands, in any order where it commutes. The
     * first keeps its place and gets the first label that is not empty. Constants of at most 64 elements are compared by
     * type, shape and bytes, larger ones by the identity of their data; inputs are never merged. Takes linear time.
     */
    public static Graph merge(Graph graph) {
        List<String> labels = new ArrayList<>();
        Rewriter.rewrite(graph, new Classes(labels)::collect);
        return Rewriter.rewrite(graph, new Classes(labels)::labelled);
    }

    /** The classes of equal expressions, numbered as they turn up: the same at every walk over the same graph. */
    private static final class Classes {
        private final Map<Key, Value> first = new HashMap<>();
        private final Map<Value, Integer> numbers = new HashMap<>();
        private final List<String> labels;

        Classes(List<String> labels) {
            this.labels = labels;
        }

        Value collect(Value value) {
            Value representative = first.computeIfAbsent(key(value), k -> value);
            int number = numbers.computeIfAbsent(representative, k -> numbers.size());
            if (number == labels.size()) {
                labels.add(value.label());
            } else if (labels.get(number).isEmpty()) {
                labels.set(number, value.label());
            }
            return representative;
        }

        Value labelled(Value value) {
            Value representative =
                    first.computeIfAbsent(key(value), k -> relabelled(value, labels.get(numbers.size())));
            numbers.putIfAbsent(representative, numbers.size());
            return representative;
        }

        private Key key(Value value) {
            if (value.is(Op.INPUT)) {
                return new Key(value.op(), value, List.of());
            }
            boolean compared = value.is(Op.CONSTANT) && value.shape().size() <= LARGEST_COMPARED;
            List<Value> operands = COMMUTATIVE.contains(value.op())
                    ? value.inputs().stream()
                            .sorted(Comparator.comparing(numbers::get))
                            .toList()
                    : value.inputs();
            return new Key(value.op(), compared ? content(value.data()) : value.attributes(), operands);
        }
    }

    private static Value relabelled(Value value, String label) {
        if (value.label().equals(label)) {
            return value;
        }
        return value.is(Op.CONSTANT)
                ? Value.constant(value.data(), label)
                : Value.of(value.op(), value.attributes(), value.inputs(), label);
    }

    private static Object content(TensorData data) {
        return List.of(new TensorType(data.type(), data.shape()), data.bytes());
    }
}
