package dev.rlcm.rewrite;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Weights of a graph as inputs, so that it can be differentiated by them and fed others. Stateless and thread-safe. */
public final class OpenWeights {
    /** Names that a message lists. */
    private static final int LISTED = 20;

    private OpenWeights() {}

    /** The real constants that have a name of their own, by it, in topological order. The data is the graph's. */
    public static Map<String, TensorData> of(Graph graph) {
        Map<String, TensorData> weights = new LinkedHashMap<>();
        Set<String> ambiguous = new HashSet<>();
        for (Value value : graph.topologicalOrder()) {
            if (value.is(Op.CONSTANT)
                    && value.type().isFloating()
                    && !value.label().isEmpty()) {
                TensorData other = weights.putIfAbsent(value.label(), value.data());
                if (other != null && other != value.data()) {
                    ambiguous.add(value.label());
                }
            }
        }
        weights.keySet().removeAll(ambiguous);
        return weights;
    }

    /**
     * The graph with the named weights as inputs of their names, types and shapes, after those there are, in the order in which
     * they are named.
     *
     * @throws GraphException if {@link #of} has no weight of a name
     */
    public static Graph open(Graph graph, Collection<String> names) {
        Map<String, TensorData> weights = of(graph);
        Map<String, Value> opened = new LinkedHashMap<>();
        for (String name : names) {
            TensorData weight = weights.get(name);
            if (weight == null) {
                throw new GraphException("no input named " + name + "; there are "
                        + graph.inputs().stream().map(Value::label).toList() + ", and the weights "
                        + weights.keySet().stream().limit(LISTED).toList()
                        + (weights.size() > LISTED ? " and " + (weights.size() - LISTED) + " more" : ""));
            }
            opened.put(name, Value.input(name, weight.type(), weight.shape()));
        }
        Graph open = Rewriter.rewrite(
                graph, value -> value.is(Op.CONSTANT) ? opened.getOrDefault(value.label(), value) : value);
        List<Value> inputs = new ArrayList<>(graph.inputs());
        inputs.addAll(opened.values());
        return new Graph(inputs, open.outputs());
    }
}
