package dev.rlcm.lora;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.rewrite.Rewriter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Bakes an adapter into the weights of a graph: W becomes W + (alpha / rank) B A. Stateless and thread-safe. */
public final class LoraMerge {
    private LoraMerge() {}

    /**
     * The graph with merged weights; it has no adapter inputs and can be exported as a plain model. Sums are rounded once,
     * to the weight's type.
     *
     * @throws dev.rlcm.graph.GraphException if the graph lacks a layer of the adapter, or has it in another size
     */
    public static Graph merge(Graph graph, LoraAdapter adapter) {
        LoraInjection.requireSites(graph, adapter);
        Set<LoraSite> sites = new HashSet<>(adapter.sites());
        Map<LoraSite, TensorData> merged = new HashMap<>();
        return Rewriter.rewrite(DerivedPaths.label(graph), value -> LoraLayer.at(value)
                .filter(layer -> sites.contains(layer.site()))
                .map(layer -> layer.with(merged.computeIfAbsent(layer.site(), site -> merged(layer, adapter))))
                .orElse(value));
    }

    private static TensorData merged(LoraLayer layer, LoraAdapter adapter) {
        LoraSite site = layer.site();
        TensorData weight = layer.weight();
        float[] a = adapter.tensors().get(site.keyA()).toFloats();
        float[] b = adapter.tensors().get(site.keyB()).toFloats();
        int rank = adapter.config().rank();
        int columns = a.length / rank;
        TensorData result = TensorData.zeros(weight.type(), weight.shape());
        double[] row = new double[columns];
        for (int o = 0; o < site.out(); o++) {
            update(row, a, b, o * rank, rank);
            for (int i = 0; i < columns; i++) {
                int at = layer.outputsFirst() ? o * columns + i : i * site.out() + o;
                result.setDouble(at, weight.getDouble(at) + adapter.config().scale() * row[i]);
            }
        }
        return result;
    }

    /** One row of B A, whose factors in B start at a position. */
    private static void update(double[] row, float[] a, float[] b, int start, int rank) {
        Arrays.fill(row, 0);
        for (int r = 0; r < rank; r++) {
            double factor = b[start + r];
            for (int i = 0; i < row.length; i++) {
                row[i] += factor * a[r * row.length + i];
            }
        }
    }
}
