package dev.rlcm.onnx;

import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Forward and backward in one graph. */
final class JointGraph {
    /** Names that a message lists. */
    private static final int LISTED = 20;

    private JointGraph() {}

    static Graph of(Graph forward, List<String> wrt) {
        if (wrt.isEmpty()) {
            throw new IllegalArgumentException("name at least one input or weight to differentiate with respect to");
        }
        Graph open = withWeightsAsInputs(forward, wrt);
        Map<String, Value> variables = new LinkedHashMap<>();
        for (String name : wrt) {
            Value variable = open.input(name);
            if (!variable.type().isFloating()) {
                throw new GraphException("input " + name + " is " + variable.type() + ", it has no gradient");
            }
            variables.put("grad_" + name, variable);
        }
        Map<String, Value> upstream = new LinkedHashMap<>();
        open.outputs().forEach((name, output) -> {
            if (output.type().isFloating()) {
                upstream.put(name, Value.input("upstream_" + name, output.type(), output.shape()));
            }
        });
        return Lowering.of(MemoryPolicy.FAST).joint(open, upstream, variables);
    }

    /** The named weights become inputs, after those there are, in the order they are named. */
    private static Graph withWeightsAsInputs(Graph graph, List<String> wrt) {
        List<String> inputs = graph.inputs().stream().map(Value::label).toList();
        Set<String> named = new HashSet<>(wrt);
        inputs.forEach(named::remove);
        if (named.isEmpty()) {
            return graph;
        }
        Map<String, TensorData> weights = weights(graph);
        Map<String, Value> variables = new LinkedHashMap<>();
        for (String name : wrt.stream().filter(named::contains).distinct().toList()) {
            TensorData weight = weights.get(name);
            if (weight == null) {
                throw new GraphException("no input named " + name + "; there are " + inputs + ", and the weights "
                        + weights.keySet().stream().limit(LISTED).toList()
                        + (weights.size() > LISTED ? " and " + (weights.size() - LISTED) + " more" : ""));
            }
            variables.put(name, Value.input(name, weight.type(), weight.shape()));
        }
        Graph open = Rewriter.rewrite(
                graph, value -> value.is(Op.CONSTANT) ? variables.getOrDefault(value.label(), value) : value);
        List<Value> all = Stream.concat(graph.inputs().stream(), variables.values().stream())
                .toList();
        return new Graph(all, open.outputs());
    }

    /** The real constants that have a name of their own. */
    static Map<String, TensorData> weights(Graph graph) {
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
}
