package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How what several text encoders make of a prompt is put together.
 *
 * @param sources all encoders of the family, one of which may be absent
 * @param shape the sizes of the whole
 * @param absent what stands for an encoder that the model does without, the last one
 */
record TextParts(List<TextSource> sources, TextShape shape, Optional<TextRows> absent) {
    /** For encoders with results of these sizes. */
    static TextParts of(ModelDirectory directory, List<TextShape> encoders) {
        List<TextShape> shapes = new ArrayList<>(encoders);
        Optional<TextShape> missing = directory.absentText();
        missing.ifPresent(shapes::add);
        Optional<TextRows> zeros = missing.map(size -> new TextRows(
                Optional.of(TensorData.zeros(DataType.FLOAT32, size.states())),
                Optional.empty(),
                TensorData.zeros(DataType.FLOAT32, Shape.of(size.tokens()))));
        List<TextSource> sources = directory.family().texts();
        return new TextParts(sources, TextShape.joined(sources, shapes), zeros);
    }

    /** The results of the encoders that the model has, together. */
    TextRows joined(List<TextRows> own) {
        List<TextRows> parts = new ArrayList<>(own);
        absent.ifPresent(parts::add);
        return TextRows.joined(sources, parts, shape);
    }
}
