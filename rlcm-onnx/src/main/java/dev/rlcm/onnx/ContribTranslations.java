package dev.rlcm.onnx;

import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.List;

/** Operators of ONNX Runtime's own domain that its optimiser leaves in saved models. */
final class ContribTranslations {
    private ContribTranslations() {}

    static void register(OperatorTable table) {
        table.contrib("Gelu", node -> ActivationTranslations.gelu(node, node.in(0), "none"))
                .contrib("FastGelu", node -> ActivationTranslations.gelu(node, biased(node), "tanh"))
                .contrib("BiasGelu", node -> ActivationTranslations.gelu(node, biased(node), "none"))
                .contrib("QuickGelu", node -> ActivationTranslations.swish(node, node.real("alpha", 1.702)))
                .rows(OperatorTable.MICROSOFT, "SkipLayerNormalization", ContribTranslations::skipLayerNorm);
    }

    private static Value biased(OnnxNode node) {
        return node.has(1) ? node.in(0).add(node.in(1)) : node.in(0);
    }

    /** Layer norm of (input, skip, gamma, beta*, bias*) over the last axis; the fourth result is the sum itself. */
    private static List<Value> skipLayerNorm(OnnxNode node) {
        Value sum = node.in(0).add(node.in(1));
        Value x = node.has(4) ? sum.add(node.in(4)) : sum;
        List<Value> parameters = node.has(3) ? List.of(node.in(2), node.in(3)) : List.of(node.in(2));
        List<Value> results = new ArrayList<>(NormTranslations.layerNorm(node, x, x.rank() - 1, parameters));
        while (results.size() < 3) {
            results.add(x);
        }
        results.add(x);
        return results;
    }
}
