package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A UNet with classifier-free guidance (Ho and Salimans, arXiv:2207.12598) as one graph: it is evaluated once on 2B rows, the
 * negative prompt's first, and B rows eps = eps_u + w (eps_c - eps_u) come out. Inputs, all FLOAT32, are the UNet's and
 * {@link #NEGATIVE_STATES} [B,S,D] and {@link #SCALE} [B]. Thread-safe.
 */
final class GuidedDenoiser {
    static final String NEGATIVE_STATES = "negative_hidden_states";
    static final String SCALE = "guidance_scale";

    private final Denoiser unet;
    private final Map<Integer, Graph> graphs = new HashMap<>();

    GuidedDenoiser(Denoiser unet) {
        this.unet = unet;
    }

    /** The graph for a batch of B; the same one at every call. */
    synchronized Graph graph(int batch) {
        return graphs.computeIfAbsent(batch, this::build);
    }

    private Graph build(int batch) {
        Graph doubled = unet.graph(2 * batch);
        Value sample = half(doubled, Denoiser.SAMPLE, Denoiser.SAMPLE);
        Value timestep = half(doubled, Denoiser.TIMESTEP, Denoiser.TIMESTEP);
        Value states = half(doubled, Denoiser.STATES, Denoiser.STATES);
        Value negative = half(doubled, Denoiser.STATES, NEGATIVE_STATES);
        Value scale = Value.input(SCALE, DataType.FLOAT32, Shape.of(batch));
        Map<Value, Value> replaced = Map.of(
                doubled.input(Denoiser.SAMPLE), Value.concat(0, List.of(sample, sample)),
                doubled.input(Denoiser.TIMESTEP), Value.concat(0, List.of(timestep, timestep)),
                doubled.input(Denoiser.STATES), Value.concat(0, List.of(negative, states)));
        Map.Entry<String, Value> output = Rewriter.rewrite(doubled, value -> replaced.getOrDefault(value, value))
                .outputs()
                .entrySet()
                .iterator()
                .next();
        Value unconditional = output.getValue().slice(0, 0, batch);
        Value conditional = output.getValue().slice(0, batch, 2 * batch);
        Value guided = unconditional.add(conditional.sub(unconditional).mul(scale.reshape(batch, 1, 1, 1)));
        return new Graph(List.of(sample, timestep, states, negative, scale), Map.of(output.getKey(), guided));
    }

    /** An input of half as many rows. */
    private static Value half(Graph doubled, String input, String name) {
        Value whole = doubled.input(input);
        return Value.input(name, whole.type(), whole.shape().with(0, whole.dim(0) / 2));
    }
}
