package dev.rlcm.onnx.pipeline.encoders;

import dev.rlcm.graph.TensorData;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Embeddings of length 1. */
final class UnitVectors {
    private UnitVectors() {}

    /**
     * The rows of [B, D], each divided by its length.
     *
     * @param model that computed them, for the message
     * @throws IllegalStateException if one has no direction
     */
    static List<double[]> rows(TensorData embeddings, Path model) {
        int width = embeddings.shape().dim(1);
        List<double[]> rows = new ArrayList<>();
        for (int row = 0; row < embeddings.shape().dim(0); row++) {
            double[] vector = new double[width];
            double square = 0;
            for (int i = 0; i < width; i++) {
                vector[i] = embeddings.getDouble(row * width + i);
                square += vector[i] * vector[i];
            }
            if (!(square > 0) || Double.isInfinite(square)) {
                throw new IllegalStateException(
                        model + " gave an embedding of length " + Math.sqrt(square) + "; its weights are damaged");
            }
            for (int i = 0; i < width; i++) {
                vector[i] /= Math.sqrt(square);
            }
            rows.add(vector);
        }
        return rows;
    }
}
