package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Value;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Recognises composite operators in the clouds of small nodes that exporters write for them, and puts one node in the
 * place of each: LAYER_NORM, INSTANCE_NORM, GROUP_NORM, GELU, SWISH and ATTENTION. One gradient rule then serves the
 * whole, and nothing between its operands and its result is kept for the backward pass. A cloud is left alone if a value
 * inside it is used elsewhere too. Constants must have been folded before.
 *
 * <p>Stateless and thread-safe.
 */
public final class RaisePatterns {
    /**
     * In this order: a layer norm without parameters would hide an instance norm, an instance norm may be part of a
     * group norm, and the factor that ends a GELU must not be taken for one of the scale of an attention.
     */
    private static final List<Pattern> PATTERNS = List.of(
            new InstanceNormPattern(),
            new GroupNormPattern(),
            new LayerNormPattern(),
            new GeluPattern(),
            new SwishPattern(),
            new AttentionPattern());

    private RaisePatterns() {}

    /**
     * The same function, up to rounding, with the patterns raised; the composite has the label of the node that yielded
     * its result.
     */
    public static Graph raise(Graph graph) {
        Graph result = graph;
        for (Pattern pattern : PATTERNS) {
            result = replace(result, composites(pattern, result));
        }
        return result;
    }

    private static IdentityHashMap<Value, Value> composites(Pattern pattern, Graph graph) {
        Users users = Users.of(graph);
        IdentityHashMap<Value, Value> composites = new IdentityHashMap<>();
        for (Value root : graph.topologicalOrder()) {
            pattern.match(root, users).ifPresent(composite -> composites.put(root, composite));
        }
        return composites;
    }

    /** A composite's operands are values of the old graph, so they come before it in the old order. */
    private static Graph replace(Graph graph, IdentityHashMap<Value, Value> composites) {
        IdentityHashMap<Value, Value> replaced = new IdentityHashMap<>();
        for (Value value : graph.topologicalOrder()) {
            replaced.put(value, rebuild(composites.getOrDefault(value, value), replaced));
        }
        Map<String, Value> outputs = new LinkedHashMap<>();
        graph.outputs().forEach((name, value) -> outputs.put(name, replaced.get(value)));
        return new Graph(graph.inputs(), outputs);
    }

    private static Value rebuild(Value value, IdentityHashMap<Value, Value> replaced) {
        Value known = replaced.get(value);
        if (known != null) {
            return known;
        }
        return value.withInputs(
                value.inputs().stream().map(in -> rebuild(in, replaced)).toList());
    }
}
