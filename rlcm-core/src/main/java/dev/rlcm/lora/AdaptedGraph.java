package dev.rlcm.lora;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Value;
import java.util.List;

/**
 * A graph with a low-rank adapter injected.
 *
 * @param graph the adapted graph; its inputs are those of the base graph and then {@code factors}
 * @param sites the adapted layers, in topological order
 * @param factors the adapter's inputs A and B of every site, in the order of {@link LoraAdapter#tensors}
 */
public record AdaptedGraph(Graph graph, List<LoraSite> sites, List<Value> factors) {
    public AdaptedGraph {
        sites = List.copyOf(sites);
        factors = List.copyOf(factors);
    }
}
