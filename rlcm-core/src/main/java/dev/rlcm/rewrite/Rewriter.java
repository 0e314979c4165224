package dev.rlcm.rewrite;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Value;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Temporary. */
public final class Rewriter {
    private Rewriter() {}

    public static Graph rewrite(Graph graph, UnaryOperator<Value> rule) {
        Map<Value, Value> memo = new IdentityHashMap<>();
        for (Value value : graph.topologicalOrder()) {
            boolean changed = value.inputs().stream().anyMatch(in -> memo.get(in) != in);
            List<Value> operands = value.inputs().stream().map(memo::get).toList();
            Value rebuilt = changed ? Value.of(value.op(), value.attributes(), operands, value.label()) : value;
            memo.put(value, rule.apply(rebuilt));
        }
        Map<String, Value> outputs = new LinkedHashMap<>();
        graph.outputs().forEach((name, value) -> outputs.put(name, memo.get(value)));
        return Graph.of(outputs);
    }
}
