package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Decompositions;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes a graph as a model of opset 17, with ONNX Runtime's own operators unless it has to be portable. */
final class OnnxExporter {
    private static final int OPSET = 17;

    /** The file format version that goes with opset 17. */
    private static final int IR_VERSION = 8;

    private OnnxExporter() {}

    /**
     * Writes a graph.
     *
     * @param portable whether to write standard ONNX only
     */
    static ModelProto export(Graph original, WeightStore weights, boolean portable) {
        Graph graph = Decompositions.decompose(original, withoutOnnxForm(original, portable));
        ExportContext context = new ExportContext(weights, portable);
        graph.inputs().forEach(input -> context.take(input.label()));
        graph.outputs().keySet().forEach(context::take);
        graph.outputs().forEach((name, value) -> {
            if (context.isPlain(value)) {
                context.reserve(value, name);
            }
        });
        for (Value input : graph.inputs()) {
            context.graph().addInput(port(input.label(), input));
            context.defineInput(input);
        }
        for (Value value : graph.topologicalOrder()) {
            if (value.is(Op.CONSTANT)) {
                context.defineConstant(value);
            } else if (!value.is(Op.INPUT)) {
                ExportTable.emit(new Emitter(context, value));
            }
        }
        for (Map.Entry<String, Value> output : graph.outputs().entrySet()) {
            context.graph().addOutput(port(output.getKey(), output.getValue()));
            String name = context.name(output.getValue());
            if (!name.equals(output.getKey())) {
                context.add(Emitter.identity(context.fresh("Identity"), name, output.getKey()));
            }
        }
        return ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .setProducerName("rlcm")
                .addAllOpsetImport(opsets(portable))
                .setGraph(context.graph())
                .build();
    }

    /** Composites that opset 17 lacks; ONNX Runtime's own activations exist for float32. */
    private static Set<Op> withoutOnnxForm(Graph graph, boolean portable) {
        boolean single = graph.topologicalOrder().stream()
                .filter(v -> v.is(Op.SWISH) || v.is(Op.GELU))
                .allMatch(v -> v.type() == DataType.FLOAT32);
        return portable || !single
                ? Set.of(Op.GROUP_NORM, Op.ATTENTION, Op.SWISH, Op.GELU)
                : Set.of(Op.GROUP_NORM, Op.ATTENTION);
    }

    private static List<OperatorSetIdProto> opsets(boolean portable) {
        OperatorSetIdProto standard =
                OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET).build();
        OperatorSetIdProto contrib = OperatorSetIdProto.newBuilder()
                .setDomain(OperatorTable.MICROSOFT)
                .setVersion(1)
                .build();
        return portable ? List.of(standard) : List.of(standard, contrib);
    }

    private static ValueInfoProto port(String name, Value value) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (long dim : value.shape().toLongs()) {
            shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(dim));
        }
        TypeProto.Tensor.Builder tensor = TypeProto.Tensor.newBuilder()
                .setElemType(OnnxTypes.toOnnx(value.type()))
                .setShape(shape);
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }
}
