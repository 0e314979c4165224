package dev.rlcm.onnx.pipeline;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import dev.rlcm.graph.DataType;
import dev.rlcm.onnx.format.OnnxTypes;
import java.util.HashMap;
import java.util.Map;

/**
 * Gives a diffusion model's UNet the input {@code timestep_cond} of a latent consistency model: what {@code linear_1} of the time
 * embedding takes is increased by a projection of it, as in diffusers' {@code TimestepEmbedding}. The projection begins as zero, so
 * that the network computes what it did.
 */
final class GuidanceInput {
    private static final String LINEAR = "/time_embedding/linear_1/";
    private static final String WEIGHT = "time_embedding.linear_1.weight";
    private static final String PROJECTION = "/time_embedding/cond_proj/MatMul";
    private static final String SUM = "/time_embedding/Add";

    private GuidanceInput() {}

    /**
     * The model with the input [batch, width].
     *
     * @throws IllegalArgumentException if no node's or weight's name tells the time embedding
     */
    static ModelProto add(ModelProto model, int width) {
        GraphProto old = model.getGraph();
        Map<String, TensorProto> weights = new HashMap<>();
        old.getInitializerList().forEach(tensor -> weights.put(tensor.getName(), tensor));
        int at = linear(old, weights);
        NodeProto linear = old.getNode(at);
        TensorProto weight = weights.get(linear.getInput(1));
        boolean transposed =
                linear.getAttributeList().stream().anyMatch(a -> a.getName().equals("transB") && a.getI() != 0);
        long embedding = weight.getDims(transposed ? 1 : 0);
        DataType type = OnnxTypes.fromOnnx(weight.getDataType());
        String projection = PROJECTION + "_weight";
        GraphProto.Builder graph = old.toBuilder().clearNode().clearInput();
        for (int i = 0; i < old.getNodeCount(); i++) {
            if (i == at) {
                graph.addNode(node("MatMul", PROJECTION, Denoiser.GUIDANCE, projection));
                graph.addNode(node("Add", SUM, linear.getInput(0), PROJECTION + "_output_0"));
                graph.addNode(linear.toBuilder().setInput(0, SUM + "_output_0"));
            } else {
                graph.addNode(old.getNode(i));
            }
        }
        old.getInputList().forEach(graph::addInput);
        graph.addInput(input(old, type, width));
        graph.addInitializer(TensorProto.newBuilder()
                .setName(projection)
                .setDataType(weight.getDataType())
                .addDims(width)
                .addDims(embedding)
                .setRawData(ByteString.copyFrom(new byte[Math.toIntExact(width * embedding * type.bytes())])));
        return model.toBuilder().setGraph(graph).build();
    }

    private static int linear(GraphProto graph, Map<String, TensorProto> weights) {
        for (int i = 0; i < graph.getNodeCount(); i++) {
            NodeProto node = graph.getNode(i);
            boolean isProduct =
                    node.getOpType().equals("Gemm") || node.getOpType().equals("MatMul");
            if (isProduct
                    && (node.getName().contains(LINEAR) || node.getInput(1).equals(WEIGHT))
                    && weights.containsKey(node.getInput(1))) {
                return i;
            }
        }
        throw new IllegalArgumentException("no node is named " + LINEAR + "... and no weight " + WEIGHT
                + ", so that the UNet cannot be given an input for the guidance scale; distil it at one scale");
    }

    private static NodeProto node(String type, String name, String first, String second) {
        return NodeProto.newBuilder()
                .setOpType(type)
                .setName(name)
                .addInput(first)
                .addInput(second)
                .addOutput(name + "_output_0")
                .build();
    }

    /** As many rows as the sample. */
    private static ValueInfoProto input(GraphProto graph, DataType type, int width) {
        ValueInfoProto.Builder input = ValueInfoProto.newBuilder().setName(Denoiser.GUIDANCE);
        var tensor = input.getTypeBuilder().getTensorTypeBuilder().setElemType(OnnxTypes.toOnnx(type));
        graph.getInputList().stream()
                .filter(other -> other.getName().equals(Denoiser.SAMPLE))
                .forEach(sample -> tensor.getShapeBuilder()
                        .addDim(sample.getType().getTensorType().getShape().getDim(0)));
        tensor.getShapeBuilder().addDimBuilder().setDimValue(width);
        return input.build();
    }
}
