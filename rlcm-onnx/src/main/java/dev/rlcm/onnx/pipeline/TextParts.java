package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.ArrayList;
import java.util.List;

/**
 * How what several text encoders make of a prompt is put together.
 *
 * @param sources all encoders of the family, one of which may be absent
 * @param shape the sizes of the whole
 * @param absent what stands for the encoders that the model does without, the last ones
 */
record TextParts(List<TextSource> sources, TextShape shape, List<TextRows> absent) {
    /** For encoders with results of these sizes. */
    static TextParts of(ModelDirectory directory, List<TextShape> encoders) {
        List<TextShape> missing = directory.absentText().stream().toList();
        List<TextShape> shapes = new ArrayList<>(encoders);
        shapes.addAll(missing);
        List<TextSource> sources = directory.family().texts();
        return new TextParts(
                sources,
                TextShape.joined(sources, shapes),
                missing.stream().map(TextParts::zeros).toList());
    }

    private static TextRows zeros(TextShape shape) {
        return new TextRows(
                TensorData.zeros(DataType.FLOAT32, shape.states()),
                null,
                TensorData.zeros(DataType.FLOAT32, Shape.of(shape.tokens())));
    }

    /** The results of the encoders that the model has, together. */
    TextRows joined(List<TextRows> own) {
        List<TextRows> parts = new ArrayList<>(own);
        parts.addAll(absent);
        return TextRows.joined(sources, parts, shape);
    }
}
