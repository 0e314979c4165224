package dev.rlcm.onnx.importer;

import ai.onnx.proto.OnnxMl.NodeProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Sequences of tensors, which exist during import only: exporters write split and chunk with them. A sequence goes through
 * functions and branches as a placeholder value, whose elements are kept here.
 */
final class Sequences {
    private static final Set<String> OPERATORS = Set.of(
            "SequenceConstruct",
            "SequenceEmpty",
            "SequenceAt",
            "SequenceInsert",
            "SequenceErase",
            "SequenceLength",
            "SplitToSequence",
            "ConcatFromSequence");

    private final IdentityHashMap<Value, List<Value>> elements = new IdentityHashMap<>();

    /** Whether the node makes, changes or reads a sequence. */
    static boolean handles(NodeProto node) {
        return OnnxNode.isStandard(node) && OPERATORS.contains(node.getOpType());
    }

    boolean isSequence(Value value) {
        return elements.containsKey(value);
    }

    Value apply(OnnxNode node) {
        return switch (node.op()) {
            case "SequenceConstruct" -> sequence(node.allInputs());
            case "SequenceEmpty" -> sequence(List.of());
            case "SequenceAt" -> list(node).get(position(node, 1, list(node).size()));
            case "SequenceInsert" -> inserted(node);
            case "SequenceErase" -> erased(node);
            case "SequenceLength" -> Value.constant(
                    TensorData.longs(Shape.SCALAR, list(node).size()));
            case "SplitToSequence" -> split(node);
            default -> concatenated(node);
        };
    }

    private Value sequence(List<Value> values) {
        Value placeholder = Value.input("sequence", DataType.FLOAT32, Shape.SCALAR);
        elements.put(placeholder, List.copyOf(values));
        return placeholder;
    }

    private List<Value> list(OnnxNode node) {
        List<Value> list = elements.get(node.in(0));
        if (list == null) {
            throw new GraphException("input 0 is not a sequence");
        }
        return list;
    }

    private static int position(OnnxNode node, int input, int size) {
        long position = node.longScalar(input);
        if (position < -size || position >= size) {
            throw new GraphException("position " + position + " is outside of a sequence of " + size);
        }
        return (int) (position < 0 ? position + size : position);
    }

    private Value inserted(OnnxNode node) {
        List<Value> list = new ArrayList<>(list(node));
        int at = node.has(2) && node.longScalar(2) != list.size() ? position(node, 2, list.size()) : list.size();
        list.add(at, node.in(1));
        return sequence(list);
    }

    private Value erased(OnnxNode node) {
        List<Value> list = new ArrayList<>(list(node));
        if (list.isEmpty()) {
            throw new GraphException("the sequence is empty");
        }
        list.remove(node.has(1) ? position(node, 1, list.size()) : list.size() - 1);
        return sequence(list);
    }

    /** Into slices of one, of a given size but for the last, or of given sizes. */
    private Value split(OnnxNode node) {
        Value x = node.in(0);
        int axis = OnnxNode.axis(node.integer("axis", 0), x.rank());
        long[] sizes = node.has(1) ? node.longs(1) : new long[] {1};
        boolean even = !node.has(1) || node.in(1).rank() == 0;
        if (even ? sizes[0] < 1 : Arrays.stream(sizes).sum() != x.dim(axis)) {
            throw new GraphException("cannot split " + x.dim(axis) + " into parts of " + Arrays.toString(sizes));
        }
        boolean drop = !node.has(1) && !node.flag("keepdims", true);
        int[] rest =
                IntStream.range(0, x.rank()).filter(i -> i != axis).map(x::dim).toArray();
        List<Value> parts = new ArrayList<>();
        int start = 0;
        while (start < x.dim(axis)) {
            int end = Math.toIntExact(Math.min(x.dim(axis), start + sizes[even ? 0 : parts.size()]));
            Value part = x.slice(axis, start, end);
            parts.add(drop ? part.reshape(rest) : part);
            start = end;
        }
        return sequence(parts);
    }

    private Value concatenated(OnnxNode node) {
        List<Value> list = list(node);
        if (list.isEmpty()) {
            throw new GraphException("concatenates an empty sequence");
        }
        if (!node.flag("new_axis", false)) {
            return Value.concat(
                    OnnxNode.axis(node.integer("axis", 0), list.get(0).rank()), list);
        }
        return ShapeTranslations.stack(list, node.integer("axis", 0));
    }
}
