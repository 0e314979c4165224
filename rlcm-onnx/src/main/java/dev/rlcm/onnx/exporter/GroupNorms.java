package dev.rlcm.onnx.exporter;

import static dev.rlcm.onnx.exporter.OnnxAttributes.integer;
import static dev.rlcm.onnx.exporter.OnnxAttributes.real;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.List;

/**
 * Group norms of pictures as GroupNorm, which only CUDA has a kernel of: for FLOAT32 and FLOAT16, an even number of channels in a
 * group, channels last, and FLOAT32 scales and biases. A SiLU that nothing comes between is computed with it. The kernel adds sums
 * in no fixed order, so that runs differ by rounding.
 */
record GroupNorms() implements Form {
    private static final int[] LAST = {0, 2, 3, 1};
    private static final int[] FIRST = {0, 3, 1, 2};

    /** Values of the operator's attribute {@code activation}. */
    private static final int NONE = 0;

    private static final int SILU = 1;

    @Override
    public boolean keeps(Value composite) {
        return composite.is(Op.GROUP_NORM)
                && composite.rank() == 4
                && composite.shape().size() > 0
                && (composite.type() == DataType.FLOAT32 || composite.type() == DataType.FLOAT16)
                && composite.dim(1) % (2 * composite.attributes().integer("groups")) == 0
                && composite.in(1).is(Op.CONSTANT)
                && composite.in(2).is(Op.CONSTANT);
    }

    @Override
    public void plan(Graph graph, ExportPlan plan) {
        for (Value norm : graph.topologicalOrder()) {
            if (keeps(norm)) {
                Value last = plan.isUsedOnce(norm) && isSilu(plan.users(norm).get(0))
                        ? plan.users(norm).get(0)
                        : norm;
                plan.write(last, List.of(norm.in(0)), e -> write(e, norm, last == norm ? NONE : SILU));
            }
        }
    }

    private static boolean isSilu(Value value) {
        return value.is(Op.SWISH) && value.attributes().real("alpha") == 1;
    }

    private static void write(Emitter e, Value norm, int activation) {
        String pictures = e.node("Transpose", List.of(e.name(norm.in(0))), OnnxAttributes.ints("perm", LAST));
        String scale = e.constant(norm.in(1).data().cast(DataType.FLOAT32));
        String bias = e.constant(norm.in(2).data().cast(DataType.FLOAT32));
        String normal = e.contribNode(
                "GroupNorm",
                List.of(pictures, scale, bias),
                integer("groups", norm.attributes()),
                real("epsilon", norm.attributes()),
                integer("activation", activation),
                integer("channels_last", 1));
        e.result("Transpose", List.of(normal), OnnxAttributes.ints("perm", FIRST));
    }
}
