package dev.rlcm.onnx.importer;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxTensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One node of a model being imported: its operands as values and its attributes with ONNX's defaults. */
final class OnnxNode {
    private final NodeProto proto;
    private final int opset;
    private final List<@Nullable Value> inputs;
    private final Map<String, AttributeProto> attributes;
    private final OnnxTensors tensors;
    private final String label;

    OnnxNode(
            NodeProto proto,
            int opset,
            List<@Nullable Value> inputs,
            Map<String, AttributeProto> attributes,
            OnnxTensors tensors,
            String label) {
        this.proto = proto;
        this.opset = opset;
        this.inputs = inputs;
        this.attributes = attributes;
        this.tensors = tensors;
        this.label = label;
    }

    /** Whether the node is of ONNX's own domain. */
    static boolean isStandard(NodeProto node) {
        return node.getDomain().isEmpty() || node.getDomain().equals("ai.onnx");
    }

    String op() {
        return proto.getOpType();
    }

    /** The node's name, or that of its first result. */
    String name() {
        return proto.getName().isEmpty() ? proto.getOutput(0) : proto.getName();
    }

    /** What the values of this node are called, see {@link NodeLabels}. */
    String label() {
        return label;
    }

    /** The version of the operator set this node is written in. */
    int opset() {
        return opset;
    }

    int inputCount() {
        return inputs.size();
    }

    boolean has(int index) {
        return index < inputs.size() && inputs.get(index) != null;
    }

    Value in(int index) {
        Value value = index < inputs.size() ? inputs.get(index) : null;
        if (value == null) {
            throw new GraphException("input " + index + " is missing");
        }
        return value;
    }

    /** All inputs, none of which may be left out. */
    List<Value> allInputs() {
        List<Value> all = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            all.add(in(i));
        }
        return all;
    }

    /** Whether the model uses this node's result of that index. */
    boolean wants(int output) {
        return output < proto.getOutputCount() && !proto.getOutput(output).isEmpty();
    }

    int outputCount() {
        return proto.getOutputCount();
    }

    /** Applies an operator under this node's label. */
    Value apply(Op op, Attributes attributes, Value... operands) {
        return Value.of(op, attributes, List.of(operands), label);
    }

    Value apply(Op op, Value... operands) {
        return apply(op, Attributes.NONE, operands);
    }

    /** The data of an input that has to be known at import, such as a target shape. */
    TensorData constant(int index) {
        Value value = in(index);
        if (!value.is(Op.CONSTANT)) {
            throw new GraphException("input " + index
                    + " must be a constant; it depends on the data, and the graph's shapes are static");
        }
        return value.data();
    }

    long[] longs(int index) {
        return constant(index).toLongs();
    }

    double scalar(int index) {
        return single(index).getDouble(0);
    }

    long longScalar(int index) {
        return single(index).getLong(0);
    }

    private TensorData single(int index) {
        TensorData data = constant(index);
        if (data.size() != 1) {
            throw new GraphException("input " + index + " must hold one number, has shape " + data.shape());
        }
        return data;
    }

    boolean hasAttribute(String name) {
        return attributes.containsKey(name);
    }

    int integer(String name, int otherwise) {
        return (int) longInteger(name, otherwise);
    }

    long longInteger(String name, long otherwise) {
        return attribute(name, AttributeProto.AttributeType.INT, AttributeProto::getI, otherwise);
    }

    boolean flag(String name, boolean otherwise) {
        return integer(name, otherwise ? 1 : 0) != 0;
    }

    /** A real attribute; the file holds float32, so the shortest decimal of that float is what the author wrote. */
    double real(String name, double otherwise) {
        return attribute(
                name, AttributeProto.AttributeType.FLOAT, a -> Double.parseDouble(Float.toString(a.getF())), otherwise);
    }

    String text(String name, String otherwise) {
        return attribute(
                name, AttributeProto.AttributeType.STRING, a -> a.getS().toStringUtf8(), otherwise);
    }

    int[] ints(String name, int... otherwise) {
        return attribute(
                name,
                AttributeProto.AttributeType.INTS,
                a -> a.getIntsList().stream().mapToInt(Math::toIntExact).toArray(),
                otherwise);
    }

    long[] longInts(String name) {
        return attribute(
                name,
                AttributeProto.AttributeType.INTS,
                a -> a.getIntsList().stream().mapToLong(l -> l).toArray(),
                new long[0]);
    }

    double[] reals(String name) {
        return attribute(
                name,
                AttributeProto.AttributeType.FLOATS,
                a -> a.getFloatsList().stream().mapToDouble(f -> f).toArray(),
                new double[0]);
    }

    TensorData tensor(String name) {
        return tensors.read(required(name, AttributeProto.AttributeType.TENSOR).getT());
    }

    GraphProto branch(String name) {
        return required(name, AttributeProto.AttributeType.GRAPH).getG();
    }

    /** Axes as an attribute (older opsets) or as an input, not negative and sorted. */
    int[] axes(int input, int rank, int... otherwise) {
        int[] axes = has(input)
                ? Arrays.stream(longs(input)).mapToInt(Math::toIntExact).toArray()
                : ints("axes", otherwise);
        for (int i = 0; i < axes.length; i++) {
            axes[i] = axis(axes[i], rank);
        }
        Arrays.sort(axes);
        return axes;
    }

    /** @throws GraphException if a list that has to go with another is not as long */
    static void demandCount(String what, int expected, int count) {
        if (count != expected) {
            throw new GraphException("needs " + expected + " " + what + ", got " + count);
        }
    }

    static int axis(int axis, int rank) {
        if (axis < -rank || axis >= rank) {
            throw new GraphException("axis " + axis + " is out of range for rank " + rank);
        }
        return axis < 0 ? axis + rank : axis;
    }

    private <T> T attribute(
            String name, AttributeProto.AttributeType type, Function<AttributeProto, T> read, T otherwise) {
        return attributes.containsKey(name) ? read.apply(required(name, type)) : otherwise;
    }

    private AttributeProto required(String name, AttributeProto.AttributeType type) {
        AttributeProto attribute = attributes.get(name);
        if (attribute == null || attribute.getType() != type) {
            throw new GraphException("attribute " + name + " should be " + type + ", "
                    + (attribute == null ? "is missing" : "is " + attribute.getType()));
        }
        return attribute;
    }

    /** Type, name and operands, for messages. */
    @Override
    public String toString() {
        return proto.getOpType() + " '" + proto.getName() + "' of "
                + inputs.stream()
                        .map(v -> v == null ? "-" : v.type().toString() + v.shape())
                        .toList();
    }
}
