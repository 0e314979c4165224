package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.exporter.OnnxAttributes;
import dev.rlcm.onnx.exporter.WeightStore;
import dev.rlcm.onnx.format.OnnxDomains;
import dev.rlcm.onnx.format.OnnxTypes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A model of one node, for comparing our import of it with ONNX Runtime. */
final class NodeCase {
    private final String type;
    private final int opset;
    private String domain = "";
    private int outputs = 1;
    private final List<AttributeProto> attributes = new ArrayList<>();
    private final List<String> inputs = new ArrayList<>();
    private final Map<String, TensorData> feeds = new LinkedHashMap<>();
    private final Map<String, TensorData> constants = new LinkedHashMap<>();
    private boolean kinked;
    private boolean withoutKernel;

    private NodeCase(String type, int opset) {
        this.type = type;
        this.opset = opset;
    }

    static NodeCase of(String type, int opset) {
        return new NodeCase(type, opset);
    }

    NodeCase microsoft() {
        domain = OnnxDomains.MICROSOFT;
        return this;
    }

    NodeCase with(AttributeProto attribute) {
        attributes.add(attribute);
        return this;
    }

    NodeCase with(String name, long value) {
        return with(OnnxAttributes.integer(name, value));
    }

    NodeCase with(String name, String value) {
        return with(OnnxAttributes.text(name, value));
    }

    NodeCase ints(String name, int... values) {
        return with(OnnxAttributes.ints(name, values));
    }

    NodeCase real(String name, double value) {
        return with(OnnxAttributes.real(name, value));
    }

    NodeCase reals(String name, double... values) {
        AttributeProto.Builder attribute =
                AttributeProto.newBuilder().setName(name).setType(AttributeProto.AttributeType.FLOATS);
        for (double value : values) {
            attribute.addFloats((float) value);
        }
        return with(attribute.build());
    }

    NodeCase outputs(int count) {
        outputs = count;
        return this;
    }

    /** An input fed at run time, with reproducible numbers between -1 and 1. */
    NodeCase feed(int... dims) {
        int salt = inputs.size();
        return feed(TensorData.generate(DataType.FLOAT32, Shape.of(dims), i -> Math.sin(1.7 * i + 1 + salt)));
    }

    NodeCase feed(TensorData data) {
        feeds.put("x" + inputs.size(), data);
        inputs.add("x" + inputs.size());
        return this;
    }

    /** An input with positive numbers. */
    NodeCase positive(int... dims) {
        return feed(TensorData.generate(DataType.FLOAT32, Shape.of(dims), i -> 1.1 + Math.sin(1.3 * i)));
    }

    NodeCase longs(long... values) {
        return constant(TensorData.longs(Shape.of(values.length), values));
    }

    NodeCase floats(double... values) {
        return constant(TensorData.generate(DataType.FLOAT32, Shape.of(values.length), i -> values[i]));
    }

    NodeCase constant(TensorData data) {
        constants.put("x" + inputs.size(), data);
        inputs.add("x" + inputs.size());
        return this;
    }

    /** An input of Resize that is not used: empty before opset 13, absent from it on. */
    NodeCase unused() {
        return opset < 13 ? floats() : absent();
    }

    NodeCase absent() {
        inputs.add("");
        return this;
    }

    /** Bends or jumps where it is evaluated, so that differences say nothing about its gradient. */
    NodeCase kinked() {
        kinked = true;
        return this;
    }

    boolean isKinked() {
        return kinked;
    }

    /** ONNX Runtime cannot run this form of the operator. */
    NodeCase withoutKernel() {
        withoutKernel = true;
        return this;
    }

    NodeCase withoutKernelFrom(int version) {
        return opset >= version ? withoutKernel() : this;
    }

    boolean hasKernel() {
        return !withoutKernel;
    }

    /** A rank-0 constant. */
    NodeCase scalar(double value) {
        return constant(TensorData.scalar(DataType.FLOAT32, value));
    }

    NodeCase integer(long value) {
        return constant(TensorData.longs(Shape.SCALAR, value));
    }

    Map<String, TensorData> feeds() {
        return feeds;
    }

    ModelProto model() {
        NodeProto.Builder node = NodeProto.newBuilder()
                .setOpType(type)
                .setDomain(domain)
                .setName("node")
                .addAllInput(inputs)
                .addAllAttribute(attributes);
        GraphProto.Builder graph = GraphProto.newBuilder().setName("case");
        for (int i = 0; i < outputs; i++) {
            node.addOutput("y" + i);
            graph.addOutput(ValueInfoProto.newBuilder().setName("y" + i));
        }
        feeds.forEach((name, data) -> graph.addInput(port(name, data)));
        constants.forEach((name, data) -> WeightStore.inline().store(graph, name, data));
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .setGraph(graph.addNode(node))
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(opset))
                .addOpsetImport(OperatorSetIdProto.newBuilder()
                        .setDomain(OnnxDomains.MICROSOFT)
                        .setVersion(1))
                .build();
    }

    private static ValueInfoProto port(String name, TensorData data) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (long dim : data.shape().toLongs()) {
            shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(dim));
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder()
                                .setElemType(OnnxTypes.toOnnx(data.type()))
                                .setShape(shape)))
                .build();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(type).append('-').append(opset);
        for (AttributeProto attribute : attributes) {
            text.append(' ').append(attribute.getName()).append('=');
            switch (attribute.getType()) {
                case INT -> text.append(attribute.getI());
                case FLOAT -> text.append(attribute.getF());
                case INTS -> text.append(attribute.getIntsList());
                case FLOATS -> text.append(attribute.getFloatsList());
                default -> text.append(attribute.getS().toStringUtf8());
            }
        }
        feeds.values().forEach(v -> text.append(' ').append(v.shape()));
        return text.toString();
    }
}
