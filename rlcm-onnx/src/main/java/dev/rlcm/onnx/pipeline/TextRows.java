package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;

/**
 * What a prompt becomes, FLOAT32. Shared, not to be changed.
 *
 * @param states the hidden states [S, D], if any are taken
 * @param pooled the vector of the whole text, likewise
 * @param mask [S], 1 for tokens of the text and 0 for padding
 */
record TextRows(Optional<TensorData> states, Optional<TensorData> pooled, TensorData mask) {
    /** The results of several encoders together. */
    static TextRows joined(List<TextSource> sources, List<TextRows> parts, TextShape shape) {
        if (parts.size() == 1) {
            return parts.get(0);
        }
        if (parts.isEmpty()) {
            return new TextRows(Optional.empty(), Optional.empty(), TensorData.zeros(DataType.FLOAT32, Shape.of(0)));
        }
        TensorData states = TensorData.zeros(DataType.FLOAT32, shape.states());
        FloatBuffer out = states.floats();
        int token = 0;
        for (List<Integer> block : TextShape.blocks(sources)) {
            int column = 0;
            int tokens = 0;
            for (int i : block) {
                Optional<TensorData> part = parts.get(i).states;
                if (part.isPresent()) {
                    tokens = part.get().shape().dim(0);
                    put(part.get(), out, token * shape.width() + column, shape.width());
                    column += part.get().shape().dim(1);
                }
            }
            token += tokens;
        }
        return new TextRows(Optional.of(states), pooled(parts, shape), parts.get(parts.size() - 1).mask);
    }

    private static void put(TensorData part, FloatBuffer out, int start, int width) {
        FloatBuffer in = part.floats();
        int columns = part.shape().dim(1);
        for (int row = 0; row < part.shape().dim(0); row++) {
            out.put(start + row * width, in, row * columns, columns);
        }
    }

    private static Optional<TensorData> pooled(List<TextRows> parts, TextShape shape) {
        if (shape.pooled() == 0) {
            return Optional.empty();
        }
        TensorData joined = TensorData.zeros(DataType.FLOAT32, Shape.of(shape.pooled()));
        FloatBuffer out = joined.floats();
        parts.forEach(part -> part.pooled.ifPresent(vector -> out.put(vector.floats())));
        return Optional.of(joined);
    }

    /** The same with zeros for all numbers, as some models mean by an empty negative prompt. */
    TextRows zeroed() {
        return new TextRows(states.map(TextRows::zeros), pooled.map(TextRows::zeros), mask);
    }

    private static TensorData zeros(TensorData like) {
        return TensorData.zeros(like.type(), like.shape());
    }
}
