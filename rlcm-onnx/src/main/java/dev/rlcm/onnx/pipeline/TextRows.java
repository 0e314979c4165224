package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a prompt becomes, FLOAT32. Shared, not to be changed. */
final class TextRows {
    private final @Nullable TensorData states;
    private final @Nullable TensorData pooled;
    private final TensorData mask;

    /**
     * The parts of a prompt.
     *
     * @param states the hidden states [S, D], null if none are taken
     * @param pooled the vector of the whole text, likewise
     * @param mask [S], 1 for tokens of the text and 0 for padding
     */
    TextRows(@Nullable TensorData states, @Nullable TensorData pooled, TensorData mask) {
        this.states = states;
        this.pooled = pooled;
        this.mask = mask;
    }

    /** The hidden states [S, D], if any are taken. */
    Optional<TensorData> states() {
        return Optional.ofNullable(states);
    }

    /** The vector of the whole text, likewise. */
    Optional<TensorData> pooled() {
        return Optional.ofNullable(pooled);
    }

    /** [S], 1 for tokens of the text and 0 for padding. */
    TensorData mask() {
        return mask;
    }

    /** The results of several encoders together. */
    static TextRows joined(List<TextSource> sources, List<TextRows> parts, TextShape shape) {
        if (parts.size() == 1) {
            return parts.get(0);
        }
        if (parts.isEmpty()) {
            return new TextRows(null, null, TensorData.zeros(DataType.FLOAT32, Shape.of(0)));
        }
        TensorData states = TensorData.zeros(DataType.FLOAT32, shape.states());
        FloatBuffer out = states.floats();
        int token = 0;
        for (List<Integer> block : TextShape.blocks(sources)) {
            int column = 0;
            int tokens = 0;
            for (int i : block) {
                TensorData part = parts.get(i).states;
                if (part != null) {
                    tokens = part.shape().dim(0);
                    put(part, out, token * shape.width() + column, shape.width());
                    column += part.shape().dim(1);
                }
            }
            token += tokens;
        }
        return new TextRows(states, pooled(parts, shape), parts.get(parts.size() - 1).mask);
    }

    private static void put(TensorData part, FloatBuffer out, int start, int width) {
        FloatBuffer in = part.floats();
        int columns = part.shape().dim(1);
        for (int row = 0; row < part.shape().dim(0); row++) {
            out.put(start + row * width, in, row * columns, columns);
        }
    }

    private static @Nullable TensorData pooled(List<TextRows> parts, TextShape shape) {
        if (shape.pooled() == 0) {
            return null;
        }
        TensorData joined = TensorData.zeros(DataType.FLOAT32, Shape.of(shape.pooled()));
        FloatBuffer out = joined.floats();
        parts.forEach(part -> part.pooled().ifPresent(vector -> out.put(vector.floats())));
        return joined;
    }

    /** The same with zeros for all numbers, as some models mean by an empty negative prompt. */
    TextRows zeroed() {
        return new TextRows(zeros(states), zeros(pooled), mask);
    }

    private static @Nullable TensorData zeros(@Nullable TensorData like) {
        return like == null ? null : TensorData.zeros(like.type(), like.shape());
    }
}
