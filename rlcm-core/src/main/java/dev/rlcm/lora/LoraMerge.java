package dev.rlcm.lora;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Bakes an adapter into the weights of a graph: W becomes W + (alpha / rank) (B A)^T. */
public final class LoraMerge {
    private LoraMerge() {}

    /** The graph with merged weights; it has no adapter inputs and can be exported as a plain model. */
    public static Graph merge(Graph graph, LoraAdapter adapter) {
        Map<String, LoraSite> sites = new HashMap<>();
        adapter.sites().forEach(site -> sites.put(site.path(), site));
        return Rewriter.rewrite(graph, value -> {
            Optional<LoraSite> site = LoraSite.at(value).filter(s -> sites.containsKey(s.path()));
            return site.map(s -> withMergedWeight(value, s, adapter)).orElse(value);
        });
    }

    private static Value withMergedWeight(Value product, LoraSite site, LoraAdapter adapter) {
        TensorData weight = product.in(1).data();
        float[] a = adapter.tensors().get(site.keyA()).toFloats();
        float[] b = adapter.tensors().get(site.keyB()).toFloats();
        int rank = adapter.config().rank();
        boolean transposed = product.attributes().flag("transB");
        double scale = adapter.config().scale();
        TensorData merged = TensorData.zeros(weight.type(), weight.shape());
        for (int i = 0; i < site.in(); i++) {
            for (int o = 0; o < site.out(); o++) {
                double update = 0;
                for (int r = 0; r < rank; r++) {
                    update += (double) b[o * rank + r] * a[r * site.in() + i];
                }
                int at = transposed ? o * site.in() + i : i * site.out() + o;
                merged.setDouble(at, weight.getDouble(at) + scale * update);
            }
        }
        Value constant = Value.constant(merged, product.in(1).label());
        return Value.of(product.op(), product.attributes(), List.of(product.in(0), constant), product.label());
    }
}
