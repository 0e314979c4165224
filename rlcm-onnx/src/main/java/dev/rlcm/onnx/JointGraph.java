package dev.rlcm.onnx;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Forward and backward in one graph. */
final class JointGraph {
    private JointGraph() {}

    static Graph of(Graph forward, List<String> wrtInputs) {
        if (wrtInputs.isEmpty()) {
            throw new IllegalArgumentException("name at least one input to differentiate with respect to");
        }
        List<Value> wrt = wrtInputs.stream().map(forward::input).toList();
        for (Value input : wrt) {
            if (!input.type().isFloating()) {
                throw new GraphException("input " + input.label() + " is " + input.type() + ", it has no gradient");
            }
        }
        List<Value> inputs = new ArrayList<>(forward.inputs());
        List<Value> roots = new ArrayList<>();
        List<Value> upstream = new ArrayList<>();
        forward.outputs().forEach((name, output) -> {
            if (output.type().isFloating()) {
                roots.add(output);
                upstream.add(Value.input("upstream_" + name, output.type(), output.shape()));
            }
        });
        inputs.addAll(upstream);
        List<Value> gradients = Gradients.of(roots, upstream, wrt);
        Map<String, Value> outputs = new LinkedHashMap<>(forward.outputs());
        for (int i = 0; i < wrt.size(); i++) {
            if (outputs.put("grad_" + wrtInputs.get(i), gradients.get(i)) != null) {
                throw new GraphException("the model already has an output named grad_" + wrtInputs.get(i));
            }
        }
        return new Graph(inputs, outputs);
    }
}
