package dev.rlcm.onnx.exporter;

import static dev.rlcm.onnx.exporter.OnnxAttributes.real;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.List;

/** SiLU as QuickGelu, and GELU as Gelu or FastGelu, with the bias before it if asked for. */
record FusedActivations(boolean biased) implements Form {
    @Override
    public boolean keeps(Value composite) {
        return (composite.is(Op.SWISH) || composite.is(Op.GELU)) && Form.hasKernels(composite.type());
    }

    @Override
    public void plan(Graph graph, ExportPlan plan) {
        for (Value value : graph.topologicalOrder()) {
            if (keeps(value) && !plan.isPlanned(value)) {
                plan(value, plan);
            }
        }
    }

    private void plan(Value value, ExportPlan plan) {
        Value x = value.in(0);
        if (value.is(Op.SWISH)) {
            plan.write(
                    value,
                    List.of(x),
                    e -> e.contrib("QuickGelu", List.of(e.name(x)), real("alpha", value.attributes())));
            return;
        }
        boolean exact = value.attributes().text("approximate").equals("none");
        if (biased && isBiased(x) && plan.isUsedOnce(x)) {
            Value rows = x.in(0);
            Value bias = x.in(1);
            String type = exact ? "BiasGelu" : "FastGelu";
            plan.write(value, List.of(rows, bias), e -> e.contrib(type, List.of(e.name(rows), e.name(bias))));
        } else {
            plan.write(value, List.of(x), e -> e.contrib(exact ? "Gelu" : "FastGelu", List.of(e.name(x))));
        }
    }

    /** Whether a vector is added to the last axis. */
    private static boolean isBiased(Value sum) {
        return sum.is(Op.ADD)
                && sum.in(0).shape().equals(sum.shape())
                && sum.in(1).rank() == 1
                && sum.rank() > 1
                && sum.in(1).dim(0) == sum.dim(-1);
    }
}
