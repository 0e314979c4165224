package dev.rlcm.rewards;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;

/**
 * A text's tokens as BERTScore compares them: their embeddings at unit length and how much each counts.
 *
 * @param units [T][D]
 * @param weights [T], not negative
 */
@SuppressWarnings("ArrayRecordComponent") // compared and printed nowhere
record TokenVectors(double[][] units, double[] weights) {
    static final TokenVectors EMPTY = new TokenVectors(new double[0][], new double[0]);

    /** Scales the rows of [T, D]; a row of zeros stays one. */
    static TokenVectors of(TensorData states, IntToDoubleFunction weight) {
        Shape shape = states.shape();
        int width = shape.dim(1);
        double[][] units = new double[shape.dim(0)][width];
        for (int i = 0; i < units.length; i++) {
            double squares = 0;
            for (int j = 0; j < width; j++) {
                units[i][j] = states.getDouble(i * width + j);
                squares += units[i][j] * units[i][j];
            }
            double scale = squares == 0 ? 0 : 1 / Math.sqrt(squares);
            for (int j = 0; j < width; j++) {
                units[i][j] *= scale;
            }
        }
        double[] weights = new double[units.length];
        Arrays.setAll(weights, weight);
        return new TokenVectors(units, weights);
    }

    /**
     * How well these tokens are found among the other's: the weighted mean of each one's largest cosine, which is the
     * precision of a candidate and the recall of a reference. 0 if no token counts, or there is none to compare with.
     */
    double coverage(TokenVectors other) {
        double sum = 0;
        double total = 0;
        for (int i = 0; i < units.length; i++) {
            if (weights[i] > 0 && other.units.length > 0) {
                double best = Double.NEGATIVE_INFINITY;
                for (double[] candidate : other.units) {
                    best = Math.max(best, Cosines.dot(units[i], candidate));
                }
                sum += weights[i] * best;
                total += weights[i];
            }
        }
        return total == 0 ? 0 : sum / total;
    }
}
