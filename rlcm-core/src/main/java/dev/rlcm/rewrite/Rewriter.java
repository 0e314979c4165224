package dev.rlcm.rewrite;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/** Rebuilds graphs bottom-up. Stateless and thread-safe. */
public final class Rewriter {
    private Rewriter() {}

    /**
     * The graph with every node replaced by what the rule returns for it. Operands come before their users; a node some
     * of whose operands changed is first rebuilt on the new ones with its operator, attributes and label, all others
     * reach the rule as the same object. What the rule returns is not offered to it again.
     *
     * <p>A declared input stays in its place, even if unused, unless the rule replaced it by something that does not
     * depend on it; inputs that the rule introduced follow. Outputs keep their names and order. Takes linear time, and
     * no stack for deep graphs.
     *
     * @throws dev.rlcm.graph.GraphException if a node does not type-check on its new operands, or if two inputs of the
     *     result share a name
     */
    public static Graph rewrite(Graph graph, UnaryOperator<Value> rule) {
        return rewrite(graph, (original, rebuilt) -> rule.apply(rebuilt));
    }

    /**
     * As {@link #rewrite(Graph, UnaryOperator)}, for what was decided about the nodes of the given graph.
     *
     * @param rule maps a node of the graph, and the same on new operands, to what comes in its place
     */
    public static Graph rewrite(Graph graph, BinaryOperator<Value> rule) {
        IdentityHashMap<Value, Value> results = new IdentityHashMap<>();
        for (Value value : graph.topologicalOrder()) {
            results.put(value, rule.apply(value, rebuilt(value, results)));
        }
        Map<String, Value> outputs = new LinkedHashMap<>();
        graph.outputs().forEach((name, value) -> outputs.put(name, results.get(value)));

        Set<Value> used = new LinkedHashSet<>(Graph.topologicalOrder(outputs.values()));
        used.removeIf(value -> !value.is(Op.INPUT));
        Set<Value> inputs = new LinkedHashSet<>();
        for (Value input : graph.inputs()) {
            Value replacement = results.containsKey(input) ? results.get(input) : rule.apply(input, input);
            if (replacement == input || used.contains(input)) {
                inputs.add(input);
            }
        }
        inputs.addAll(used);
        return new Graph(new ArrayList<>(inputs), outputs);
    }

    private static Value rebuilt(Value value, IdentityHashMap<Value, Value> results) {
        return value.withInputs(value.inputs().stream().map(results::get).toList());
    }
}
