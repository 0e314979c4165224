package dev.rlcm.onnx.exporter;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxDomains;
import dev.rlcm.onnx.format.OnnxTypes;
import java.util.Arrays;
import java.util.List;

/** Writes the nodes of one value: intermediate ones by {@link #node}, the one that yields the value by {@link #result}. */
final class Emitter {
    private final ExportContext context;
    private final Value value;

    Emitter(ExportContext context, Value value) {
        this.context = context;
        this.value = value;
    }

    Value value() {
        return value;
    }

    String[] operands() {
        return value.inputs().stream().map(context::name).toArray(String[]::new);
    }

    String in(int index) {
        return context.name(value.in(index));
    }

    /** The name of a value that was written before. */
    String name(Value other) {
        return context.name(other);
    }

    /** The name of a constant vector of integers. */
    String ints(int... numbers) {
        return longs(Arrays.stream(numbers).asLongStream().toArray());
    }

    String longs(long... numbers) {
        return context.constant(TensorData.longs(Shape.of(numbers.length), numbers));
    }

    /** The name of a rank-0 integer constant. */
    String integer(long number) {
        return context.constant(TensorData.longs(Shape.SCALAR, number));
    }

    /** The name of a rank-0 constant. */
    String scalar(DataType type, double number) {
        return context.constant(TensorData.scalar(type, number));
    }

    String constant(TensorData data) {
        return context.constant(data);
    }

    /** A helper node; returns its result's name. */
    String node(String type, List<String> inputs, AttributeProto... attributes) {
        return node("", type, inputs, attributes);
    }

    /** A helper node of ONNX Runtime's own domain. */
    String contribNode(String type, List<String> inputs, AttributeProto... attributes) {
        return node(OnnxDomains.MICROSOFT, type, inputs, attributes);
    }

    private String node(String domain, String type, List<String> inputs, AttributeProto... attributes) {
        String name = context.fresh(label() + type);
        context.add(proto(domain, type, name, inputs, name + "_out", attributes));
        return name + "_out";
    }

    /** The node that yields the value, under its label. */
    void result(String type, List<String> inputs, AttributeProto... attributes) {
        result("", type, inputs, attributes);
    }

    /** As {@link #result(String, List, AttributeProto...)}, of an operator whose first result nobody needs. */
    void secondResult(String type, List<String> inputs, AttributeProto... attributes) {
        String name = context.fresh(value.label().isEmpty() ? type : value.label());
        String unused = context.fresh(name + "_unused");
        context.add(proto("", type, name, inputs, unused, attributes).toBuilder()
                .addOutput(context.define(value))
                .build());
    }

    void contrib(String type, List<String> inputs, AttributeProto... attributes) {
        result(OnnxDomains.MICROSOFT, type, inputs, attributes);
    }

    /** As {@link #contrib}, of an operator one of whose further results is another value. */
    void contribPair(String type, List<String> inputs, Value other, int index, AttributeProto... attributes) {
        String name = context.fresh(value.label().isEmpty() ? type : value.label());
        NodeProto.Builder node =
                proto(OnnxDomains.MICROSOFT, type, name, inputs, context.define(value), attributes).toBuilder();
        for (int i = 1; i < index; i++) {
            node.addOutput(""); // left out
        }
        context.add(node.addOutput(context.define(other)).build());
    }

    private void result(String domain, String type, List<String> inputs, AttributeProto... attributes) {
        String name = context.fresh(value.label().isEmpty() ? type : value.label());
        context.add(proto(domain, type, name, inputs, context.define(value), attributes));
    }

    /** Writes down the type of the value, where it cannot be inferred from the nodes. */
    void declareType() {
        context.graph().addValueInfo(OnnxTypes.port(context.name(value), value.type(), value.shape()));
    }

    private String label() {
        return value.label().isEmpty() ? "" : value.label() + "/";
    }

    /** A node that gives a value a second name. */
    static NodeProto identity(String node, String from, String to) {
        return proto("", "Identity", node, List.of(from), to);
    }

    private static NodeProto proto(
            String domain, String type, String name, List<String> inputs, String output, AttributeProto... attributes) {
        return NodeProto.newBuilder()
                .setDomain(domain)
                .setOpType(type)
                .setName(name)
                .addAllInput(inputs)
                .addOutput(output)
                .addAllAttribute(Arrays.asList(attributes))
                .build();
    }
}
