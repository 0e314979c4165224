package dev.rlcm.rewrite;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;

/**
 * The type that a network's products, convolutions and activations are computed in. Whatever it is, adapters, their
 * gradients, trajectories, log-probabilities and losses are FLOAT32; see {@code docs/precision.md}.
 */
public enum Precision {
    /** As the model file says: no rewriting. */
    FLOAT32,
    /** 11 significant bits, up to 65504: half the memory, and the tensor cores' speed. Gradients need loss scaling. */
    FLOAT16,
    /** 8 significant bits, FLOAT32's range: no loss scaling. Convolutions stay FLOAT32. */
    BFLOAT16;

    /** The graph in this precision; its inputs and outputs keep their types. */
    public Graph of(Graph graph) {
        return switch (this) {
            case FLOAT32 -> graph;
            case FLOAT16 -> MixedPrecision.lower(graph, DataType.FLOAT16);
            case BFLOAT16 -> MixedPrecision.lower(graph, DataType.BFLOAT16);
        };
    }
}
