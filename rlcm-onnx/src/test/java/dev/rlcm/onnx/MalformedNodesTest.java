package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import dev.rlcm.graph.GraphException;
import dev.rlcm.onnx.format.ExternalData;
import dev.rlcm.onnx.format.OnnxTensors;
import dev.rlcm.onnx.importer.InputBinding;
import dev.rlcm.onnx.importer.OnnxImporter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Whatever is wrong with a node, it is the model that is refused; other exceptions would be faults of the importer. */
class MalformedNodesTest {
    private static final int MUTANTS = 6;

    private Random random = new Random();

    @Test
    void aNodeThatIsNotValidIsImportedOrRefused() {
        Set<String> faults = new TreeSet<>();
        int refused = 0;
        for (NodeCase node : OperatorFormsTest.forms()) {
            random = new Random(node.toString().hashCode());
            for (int i = 0; i < MUTANTS; i++) {
                ModelProto model = mutant(node.model());
                try {
                    load(model);
                } catch (GraphException e) {
                    refused++;
                } catch (RuntimeException e) {
                    faults.add(model.getGraph().getNode(0).getOpType() + ": " + e + " at " + place(e));
                }
            }
        }
        assertThat(faults).isEmpty();
        assertThat(refused).as("refused").isPositive();
    }

    /** The frame of ours that threw. */
    private static Object place(RuntimeException fault) {
        return Arrays.stream(fault.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith("dev.rlcm"))
                .findFirst()
                .orElse(fault.getStackTrace()[0]);
    }

    private static void load(ModelProto model) {
        OnnxImporter.importModel(
                model,
                new OnnxTensors(new ExternalData(Path.of("node.onnx"))),
                new InputBinding(Map.of(), Map.of()),
                Set.of());
    }

    private ModelProto mutant(ModelProto model) {
        ModelProto.Builder mutant = model.toBuilder();
        NodeProto.Builder node = mutant.getGraphBuilder().getNodeBuilder(0);
        switch (random.nextInt(6)) {
            case 0 -> changeInputs(node);
            case 1 -> changeAttribute(node);
            case 2 -> changeRank(mutant);
            case 3 -> changeConstant(mutant);
            case 4 -> node.addOutput("more").addOutput("and more");
            default -> node.clearAttribute();
        }
        return mutant.build();
    }

    private void changeInputs(NodeProto.Builder node) {
        ArrayList<String> inputs = new ArrayList<>(node.getInputList());
        if (inputs.isEmpty()) {
            return;
        }
        int at = random.nextInt(inputs.size());
        switch (random.nextInt(3)) {
            case 0 -> inputs.subList(at, inputs.size()).clear();
            case 1 -> inputs.set(at, "");
            default -> inputs.set(at, inputs.get(random.nextInt(inputs.size())));
        }
        node.clearInput().addAllInput(inputs);
    }

    private void changeAttribute(NodeProto.Builder node) {
        if (node.getAttributeCount() == 0) {
            return;
        }
        AttributeProto.Builder attribute = node.getAttributeBuilder(random.nextInt(node.getAttributeCount()));
        switch (attribute.getType()) {
            case INT -> attribute.setI(random.nextInt(-6, 8));
            case INTS -> {
                int count = random.nextInt(5);
                attribute.clearInts();
                for (int i = 0; i < count; i++) {
                    attribute.addInts(random.nextInt(-3, 6));
                }
            }
            default -> attribute.setType(AttributeProto.AttributeType.INT).setI(1);
        }
    }

    private void changeRank(ModelProto.Builder model) {
        if (model.getGraph().getInputCount() == 0) {
            return;
        }
        TypeProto.Tensor.Builder type = model.getGraphBuilder()
                .getInputBuilder(random.nextInt(model.getGraph().getInputCount()))
                .getTypeBuilder()
                .getTensorTypeBuilder();
        int rank = type.getShape().getDimCount();
        if (rank > 0 && random.nextBoolean()) {
            type.getShapeBuilder().removeDim(random.nextInt(rank));
        } else {
            type.getShapeBuilder().addDimBuilder().setDimValue(random.nextInt(4));
        }
    }

    private void changeConstant(ModelProto.Builder model) {
        if (model.getGraph().getInitializerCount() == 0) {
            return;
        }
        TensorProto.Builder tensor = model.getGraphBuilder()
                .getInitializerBuilder(random.nextInt(model.getGraph().getInitializerCount()));
        int count = random.nextInt(4);
        tensor.clearRawData().clearDims().clearInt64Data().clearFloatData();
        tensor.addDims(count);
        for (int i = 0; i < count; i++) {
            if (tensor.getDataType() == TensorProto.DataType.INT64_VALUE) {
                tensor.addInt64Data(random.nextInt(-4, 9));
            } else {
                tensor.setDataType(TensorProto.DataType.FLOAT_VALUE).addFloatData(random.nextInt(-4, 9));
            }
        }
    }
}
