package dev.rlcm.precision;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;

/**
 * The type that a network's products, convolutions and activations are computed in. Adapters, their gradients,
 * trajectories, log-probabilities and losses are FLOAT32 in every precision; see {@code docs/precision.md}.
 */
public enum Precision {
    /** 24 significant bits. */
    FLOAT32,
    /** 11 significant bits, up to 65504: half the memory, and the tensor cores' speed. Gradients need loss scaling. */
    FLOAT16,
    /** 8 significant bits, FLOAT32's range: no loss scaling. Convolutions stay FLOAT32. */
    BFLOAT16;

    /** The precision of a graph's weights: a 16-bit type if any constant or input has one. */
    public static Precision ofWeights(Graph graph) {
        return graph.topologicalOrder().stream()
                .filter(value -> value.inputs().isEmpty() && value.type().isHalf())
                .findFirst()
                .map(value -> value.type() == DataType.FLOAT16 ? FLOAT16 : BFLOAT16)
                .orElse(FLOAT32);
    }

    /** The graph in this precision; its inputs and outputs keep their types. */
    public Graph of(Graph graph) {
        return switch (this) {
            case FLOAT32 -> ofWeights(graph) == FLOAT32
                    ? graph
                    : Widening.widen(graph, value -> true, data -> data.cast(DataType.FLOAT32));
            case FLOAT16 -> MixedPrecision.lower(graph, DataType.FLOAT16);
            case BFLOAT16 -> MixedPrecision.lower(graph, DataType.BFLOAT16);
        };
    }
}
