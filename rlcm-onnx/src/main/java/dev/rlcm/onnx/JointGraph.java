package dev.rlcm.onnx;

import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.OpenWeights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Forward and backward in one graph. */
final class JointGraph {
    private JointGraph() {}

    static Graph of(Graph forward, List<String> wrt) {
        if (wrt.isEmpty()) {
            throw new IllegalArgumentException("name at least one input or weight to differentiate with respect to");
        }
        List<String> inputs = forward.inputs().stream().map(Value::label).toList();
        Graph open = OpenWeights.open(
                forward,
                wrt.stream().filter(name -> !inputs.contains(name)).distinct().toList());
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
}
