package dev.rlcm.onnx.pipeline;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** UNet files that declare their timestep in the ways in which exporters have done it. */
public enum TimestepVariant {
    INT64_PER_ROW(TensorProto.DataType.INT64, TensorShapeProto.newBuilder().addDim(symbol("batch_size"))),
    INT64_SCALAR(TensorProto.DataType.INT64, TensorShapeProto.newBuilder()),
    INT64_ONE(
            TensorProto.DataType.INT64,
            TensorShapeProto.newBuilder().addDim(Dimension.newBuilder().setDimValue(1))),
    FLOAT_STEPS(TensorProto.DataType.FLOAT, TensorShapeProto.newBuilder().addDim(symbol("steps"))),
    FLOAT_SCALAR(TensorProto.DataType.FLOAT, TensorShapeProto.newBuilder());

    private static final String NAME = "timestep";

    private final TensorProto.DataType type;
    private final TensorShapeProto shape;

    TimestepVariant(TensorProto.DataType type, TensorShapeProto.Builder shape) {
        this.type = type;
        this.shape = shape.build();
    }

    /** Rewrites a file whose timestep is INT64 of rank 1: declares this variant, and casts and reshapes it at the start. */
    public void apply(Path unet) throws IOException {
        ModelProto.Builder model;
        try (InputStream in = Files.newInputStream(unet)) {
            model = ModelProto.parseFrom(in).toBuilder();
        }
        GraphProto.Builder graph = model.getGraphBuilder();
        for (ValueInfoProto.Builder input : graph.getInputBuilderList()) {
            if (input.getName().equals(NAME)) {
                input.getTypeBuilder()
                        .getTensorTypeBuilder()
                        .setElemType(type.getNumber())
                        .setShape(shape);
            }
        }
        for (NodeProto.Builder node : graph.getNodeBuilderList()) {
            for (int i = 0; i < node.getInputCount(); i++) {
                if (node.getInput(i).equals(NAME)) {
                    node.setInput(i, "timestep_rows");
                }
            }
        }
        graph.addInitializer(TensorProto.newBuilder()
                .setName("timestep_shape")
                .setDataType(TensorProto.DataType.INT64.getNumber())
                .addDims(1)
                .addInt64Data(-1));
        graph.addNode(
                0,
                node("Cast", "timestep_int")
                        .addInput(NAME)
                        .addAttribute(AttributeProto.newBuilder()
                                .setName("to")
                                .setType(AttributeProto.AttributeType.INT)
                                .setI(TensorProto.DataType.INT64.getNumber())));
        graph.addNode(
                1, node("Reshape", "timestep_rows").addInput("timestep_int").addInput("timestep_shape"));
        Files.delete(unet); // it may be a link to the fixture
        try (OutputStream out = Files.newOutputStream(unet)) {
            model.build().writeTo(out);
        }
    }

    private static NodeProto.Builder node(String op, String output) {
        return NodeProto.newBuilder().setOpType(op).setName(output).addOutput(output);
    }

    private static Dimension.Builder symbol(String name) {
        return Dimension.newBuilder().setDimParam(name);
    }
}
