package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import com.google.protobuf.ByteString;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.format.ModelFile;
import dev.rlcm.onnx.format.OnnxTensors;
import dev.rlcm.onnx.format.OnnxTypes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Models in 16 bits as exporters write them: weights, inputs, outputs and nearly all between them. In FLOAT32 stay, as in diffusers, what
 * leads to sines and cosines, and quotients by a number to which less is added than 16 bits can tell from 0.
 */
public final class HalfFiles {
    private static final int WIDE = TensorProto.DataType.FLOAT_VALUE;
    private static final double SMALLEST = Math.pow(2, -24);
    private static final Set<String> NOT_REAL =
            Set.of("Shape", "Size", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Not", "And", "Or");

    private final GraphProto graph;
    private final DataType type;
    private final Map<String, Integer> producers = new HashMap<>();
    private final Map<String, TensorProto> constants = new HashMap<>();
    private final Set<Integer> wide = new HashSet<>();
    /** Whether a real value is FLOAT32 in the new graph. */
    private final Map<String, Boolean> isWide = new HashMap<>();

    private HalfFiles(GraphProto graph, DataType type) {
        this.graph = graph;
        this.type = type;
    }

    /** Replaces a component's model. */
    public static void halve(Path component, DataType type) throws IOException {
        Path file = component.resolve("model.onnx");
        ModelProto model = ModelFile.read(file);
        byte[] bytes = model.toBuilder()
                .setGraph(new HalfFiles(model.getGraph(), type).halved())
                .build()
                .toByteArray();
        Files.delete(file);
        Files.write(file, bytes);
    }

    private GraphProto halved() {
        graph.getInitializerList().forEach(tensor -> constants.put(tensor.getName(), tensor));
        for (int i = 0; i < graph.getNodeCount(); i++) {
            NodeProto node = graph.getNode(i);
            for (String output : node.getOutputList()) {
                producers.put(output, i);
            }
            if (node.getOpType().equals("Constant") && node.getAttribute(0).hasT()) {
                constants.put(node.getOutput(0), node.getAttribute(0).getT());
            }
        }
        findWide();
        GraphProto.Builder result =
                graph.toBuilder().clearNode().clearInitializer().clearValueInfo();
        Set<String> kept = new HashSet<>();
        wide.forEach(i -> kept.addAll(graph.getNode(i).getInputList()));
        for (TensorProto tensor : graph.getInitializerList()) {
            if (tensor.getDataType() == WIDE) {
                isWide.put(tensor.getName(), kept.contains(tensor.getName()));
            }
            result.addInitializer(kept.contains(tensor.getName()) ? tensor : half(tensor));
        }
        for (int i = 0; i < graph.getInputCount(); i++) {
            narrow(result.getInputBuilder(i).getTypeBuilder(), graph.getInput(i).getName());
        }
        for (int i = 0; i < graph.getNodeCount(); i++) {
            add(result, i);
        }
        for (int i = 0; i < graph.getOutputCount(); i++) {
            narrow(
                    result.getOutputBuilder(i).getTypeBuilder(),
                    graph.getOutput(i).getName());
        }
        return result.build();
    }

    private void narrow(TypeProto.Builder declared, String name) {
        if (declared.getTensorType().getElemType() == WIDE) {
            declared.getTensorTypeBuilder().setElemType(OnnxTypes.toOnnx(type));
            isWide.putIfAbsent(name, false);
        }
    }

    private void findWide() {
        Set<String> fragile = new HashSet<>();
        for (int i = 0; i < graph.getNodeCount(); i++) {
            NodeProto node = graph.getNode(i);
            if (node.getOpType().equals("Sin") || node.getOpType().equals("Cos")) {
                addWithAncestors(i);
            }
            if (node.getInputList().stream().anyMatch(this::vanishes)) {
                wide.add(i);
                fragile.addAll(node.getOutputList());
            }
        }
        for (int i = 0; i < graph.getNodeCount(); i++) {
            if (graph.getNode(i).getInputList().stream().anyMatch(fragile::contains)) {
                wide.add(i);
            }
        }
        for (int i : List.copyOf(wide)) {
            graph.getNode(i).getInputList().stream()
                    .filter(input -> constants.containsKey(input) && producers.containsKey(input))
                    .forEach(input -> wide.add(producers.get(input)));
        }
    }

    private void addWithAncestors(int node) {
        if (wide.add(node)) {
            graph.getNode(node).getInputList().stream()
                    .filter(producers::containsKey)
                    .forEach(input -> addWithAncestors(producers.get(input)));
        }
    }

    private boolean vanishes(String input) {
        TensorProto constant = constants.get(input);
        if (constant == null || constant.getDataType() != WIDE) {
            return false;
        }
        TensorData data = OnnxTensors.inMemory().read(constant);
        return data.size() == 1 && data.getDouble(0) != 0 && Math.abs(data.getDouble(0)) < SMALLEST;
    }

    private void add(GraphProto.Builder result, int i) {
        NodeProto node = graph.getNode(i);
        NodeProto.Builder copy = node.toBuilder();
        boolean own = wide.contains(i);
        boolean real = givesReal(node);
        for (int k = 0; k < node.getInputCount(); k++) {
            boolean wanted = own || (node.getOpType().equals("Resize") && k > 0);
            Boolean given = isWide.get(node.getInput(k));
            if (given != null && given != wanted) {
                String name = node.getInput(k) + "_cast_" + i;
                result.addNodeBuilder()
                        .setOpType("Cast")
                        .setName(name)
                        .addInput(node.getInput(k))
                        .addOutput(name)
                        .addAttribute(AttributeProto.newBuilder()
                                .setName("to")
                                .setType(AttributeProto.AttributeType.INT)
                                .setI(wanted ? WIDE : OnnxTypes.toOnnx(type)));
                copy.setInput(k, name);
            }
        }
        if (real && !own) {
            for (AttributeProto.Builder attribute : copy.getAttributeBuilderList()) {
                if (attribute.getName().equals("to")) {
                    attribute.setI(OnnxTypes.toOnnx(type));
                } else if (attribute.hasT()) {
                    attribute.setT(half(attribute.getT()));
                }
            }
        }
        result.addNode(copy);
        if (real) {
            node.getOutputList().forEach(output -> isWide.put(output, own));
        }
    }

    private boolean givesReal(NodeProto node) {
        return switch (node.getOpType()) {
            case "Cast" -> node.getAttribute(0).getI() == WIDE;
            case "Constant", "ConstantOfShape" -> node.getAttribute(0).getT().getDataType() == WIDE;
            case "Where" -> isWide.containsKey(node.getInput(1));
            default -> !NOT_REAL.contains(node.getOpType())
                    && node.getInputCount() > 0
                    && isWide.containsKey(node.getInput(0));
        };
    }

    private TensorProto half(TensorProto tensor) {
        if (tensor.getDataType() != WIDE) {
            return tensor;
        }
        TensorData data = OnnxTensors.inMemory().read(tensor).cast(type);
        return TensorProto.newBuilder()
                .setName(tensor.getName())
                .setDataType(OnnxTypes.toOnnx(type))
                .addAllDims(tensor.getDimsList())
                .setRawData(ByteString.copyFrom(data.bytes()))
                .build();
    }
}
