package dev.rlcm.onnx.exporter;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxDomains;
import dev.rlcm.onnx.format.OnnxTypes;
import dev.rlcm.rewrite.lowering.Decompositions;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes a graph as a model of opset 17, in a {@link Dialect}. */
public final class OnnxExporter {
    private static final int OPSET = 17;

    /** The file format version that goes with opset 17. */
    private static final int IR_VERSION = 8;

    /** Composites that opset 17 lacks. */
    private static final Set<Op> WITHOUT_ONNX_FORM = EnumSet.of(Op.SWISH, Op.GELU, Op.ATTENTION, Op.GROUP_NORM);

    private OnnxExporter() {}

    public static ModelProto export(Graph original, WeightStore weights, Dialect dialect) {
        Graph graph = withOnnxForm(original, dialect);
        ExportContext context = new ExportContext(weights);
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
        ExportPlan plan = dialect.plan(graph);
        for (Value value : plan.order()) {
            if (value.is(Op.CONSTANT)) {
                context.defineConstant(value);
            } else {
                plan.emit(new Emitter(context, value));
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
        Graph composites = dialect.beforeDecomposition(graph);
        Graph simple = Decompositions.decompose(
                composites, value -> WITHOUT_ONNX_FORM.contains(value.op()) && !dialect.keeps(value));
        return dialect.afterDecomposition(simple);
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
