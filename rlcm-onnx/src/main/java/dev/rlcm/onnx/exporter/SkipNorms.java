package dev.rlcm.onnx.exporter;

import static dev.rlcm.onnx.exporter.OnnxAttributes.real;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.List;

/**
 * The layer norm of a residual sum [B,L,C] and the sum itself, as SkipLayerNormalization. Its kernels take the variance as a
 * difference of squares, on CUDA in the type of the rows: rows far from zero lose precision.
 */
record SkipNorms() implements Form {
    @Override
    public void plan(Graph graph, ExportPlan plan) {
        for (Value norm : graph.topologicalOrder()) {
            if (isOfSum(norm) && !plan.isPlanned(norm) && !plan.isPlanned(norm.in(0))) {
                plan(norm, norm.in(0), plan);
            }
        }
    }

    private static boolean isOfSum(Value norm) {
        if (!norm.is(Op.LAYER_NORM) || norm.inputs().size() != 3) {
            return false;
        }
        Value sum = norm.in(0);
        return sum.is(Op.ADD)
                && sum.rank() == 3
                && sum.shape().size() > 0
                && norm.attributes().integer("axis") == 2
                && sum.inputs().stream().allMatch(x -> x.shape().equals(sum.shape()))
                && norm.in(1).is(Op.CONSTANT)
                && norm.in(2).is(Op.CONSTANT)
                && Form.hasKernels(norm.type());
    }

    private static void plan(Value norm, Value sum, ExportPlan plan) {
        Value x = sum.in(0);
        Value skip = sum.in(1);
        Value scale = norm.in(1);
        Value bias = norm.in(2);
        plan.write(norm, List.of(x, skip, scale, bias), e -> {
            List<String> inputs = List.of(e.name(x), e.name(skip), e.name(scale), e.name(bias));
            e.contribPair("SkipLayerNormalization", inputs, sum, 3, real("epsilon", norm.attributes()));
        });
        plan.writtenWith(sum, norm);
    }
}
