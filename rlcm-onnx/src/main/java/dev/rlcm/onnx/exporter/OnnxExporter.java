package dev.rlcm.onnx.exporter;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxDomains;
import dev.rlcm.onnx.format.OnnxTypes;
import dev.rlcm.rewrite.lowering.Decompositions;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes a graph as a model of opset 17, in a {@link Dialect}. */
public final class OnnxExporter {
    private static final int OPSET = 17;

    /** The file format version that goes with opset 17. */
    private static final int IR_VERSION = 8;

    private OnnxExporter() {}

    public static ModelProto export(Graph original, WeightStore weights, Dialect dialect) {
        Graph graph = withOnnxForm(original, dialect);
        ExportContext context = new ExportContext(weights, dialect);
        graph.inputs().forEach(input -> context.take(input.label()));
        graph.outputs().keySet().forEach(context::take);
        graph.outputs().forEach((name, value) -> {
            if (context.isPlain(value)) {
                context.reserve(value, name);
            }
        });
        for (Value input : graph.inputs()) {
            context.graph().addInput(OnnxTypes.port(input.label(), input.type(), input.shape()));
            context.defineInput(input);
        }
        Set<Value> needed = dialect.hasContrib() ? ScaledOperand.needed(graph) : Set.copyOf(graph.topologicalOrder());
        for (Value value : graph.topologicalOrder()) {
            if (value.is(Op.CONSTANT)) {
                context.defineConstant(value);
            } else if (!value.is(Op.INPUT) && needed.contains(value)) {
                ExportTable.emit(new Emitter(context, value));
            }
        }
        for (Map.Entry<String, Value> output : graph.outputs().entrySet()) {
            Value value = output.getValue();
            context.graph().addOutput(OnnxTypes.port(output.getKey(), value.type(), value.shape()));
            String name = context.name(value);
            if (!name.equals(output.getKey())) {
                context.add(Emitter.identity(context.fresh("Identity"), name, output.getKey()));
            }
        }
        return ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .setProducerName("rlcm")
                .addAllOpsetImport(opsets(dialect))
                .setGraph(context.graph())
                .build();
    }

    /** The same function in operators that have a form in ONNX. */
    public static Graph withOnnxForm(Graph graph, Dialect dialect) {
        boolean fast = dialect == Dialect.RUNTIME_CPU;
        Graph faster = fast ? RowNorms.apply(graph) : graph;
        Graph simple = Decompositions.decompose(faster, value -> !hasOnnxForm(value, dialect));
        Graph scaled = dialect.hasContrib() ? ScaledOperand.scaleBeforeProducts(simple) : simple;
        return fast ? NarrowHeads.apply(scaled) : scaled;
    }

    /** Opset 17 lacks some composites; ONNX Runtime has operators of its own for them, for all real types but FLOAT64. */
    private static boolean hasOnnxForm(Value value, Dialect dialect) {
        boolean mayUseContrib = dialect.hasContrib() && value.type() != DataType.FLOAT64;
        return switch (value.op()) {
            case SWISH, GELU -> mayUseContrib;
            case ATTENTION -> mayUseContrib && ExportForms.isLargeAttention(value);
            case GROUP_NORM -> false;
            default -> true;
        };
    }

    private static List<OperatorSetIdProto> opsets(Dialect dialect) {
        OperatorSetIdProto standard =
                OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET).build();
        OperatorSetIdProto contrib = OperatorSetIdProto.newBuilder()
                .setDomain(OnnxDomains.MICROSOFT)
                .setVersion(1)
                .build();
        return dialect.hasContrib() ? List.of(standard, contrib) : List.of(standard);
    }
}
