package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A network with classifier-free guidance (Ho and Salimans, arXiv:2207.12598) as one graph: it is evaluated once on 2B rows, the
 * negative prompt's first, and B rows eps = eps_u + w (eps_c - eps_u) come out. Inputs, all FLOAT32, are the network's, those that depend
 * on the prompt once more under {@link #negative names of their own}, and {@link #SCALE} [B]. Thread-safe.
 */
final class GuidedDenoiser {
    static final String SCALE = "guidance_scale";

    private final Denoiser network;
    private final Set<String> ofPrompt;
    private final Map<Integer, Graph> graphs = new HashMap<>();

    GuidedDenoiser(Denoiser network) {
        this.network = network;
        this.ofPrompt = network.conditioning().stream()
                .filter(ConditioningInput::isOfPrompt)
                .map(ConditioningInput::name)
                .collect(Collectors.toSet());
    }

    /** What an input is called that takes the negative prompt's row. */
    static String negative(String input) {
        return "negative_" + input;
    }

    /** The graph for a batch of B; the same one at every call. */
    synchronized Graph graph(int batch) {
        return graphs.computeIfAbsent(batch, this::build);
    }

    private Graph build(int batch) {
        Graph doubled = network.graph(2 * batch);
        List<Value> inputs = new ArrayList<>();
        Map<Value, Value> replaced = new HashMap<>();
        for (Value whole : doubled.inputs()) {
            Value positive = half(whole, whole.label());
            inputs.add(positive);
            Value negative = positive;
            if (ofPrompt.contains(whole.label())) {
                negative = half(whole, negative(whole.label()));
                inputs.add(negative);
            }
            replaced.put(whole, Value.concat(0, List.of(negative, positive)));
        }
        Value scale = Value.input(SCALE, DataType.FLOAT32, Shape.of(batch));
        inputs.add(scale);
        Map.Entry<String, Value> output = Rewriter.rewrite(doubled, value -> replaced.getOrDefault(value, value))
                .outputs()
                .entrySet()
                .iterator()
                .next();
        Value unconditional = output.getValue().slice(0, 0, batch);
        Value conditional = output.getValue().slice(0, batch, 2 * batch);
        Value guided = unconditional.add(conditional.sub(unconditional).mul(scale.reshape(batch, 1, 1, 1)));
        return new Graph(inputs, Map.of(output.getKey(), guided));
    }

    /** An input of half as many rows. */
    private static Value half(Value whole, String name) {
        return Value.input(name, whole.type(), whole.shape().with(0, whole.dim(0) / 2));
    }
}
