package dev.rlcm.spark;

import dev.rlcm.ppo.Row;
import dev.rlcm.ppo.RowEvaluator;
import dev.rlcm.ppo.RowGradients;
import java.io.Serializable;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * What an executor found out about a minibatch, see {@link RowGradients}.
 *
 * @param index of the minibatch
 * @param nanos spent in the backend
 */
record ChunkResult(
        int index,
        double loss,
        LinkedHashMap<String, Double> parts,
        double[] logProbs,
        ArrayList<float[]> gradients,
        long nanos)
        implements Serializable {
    /** Evaluates a minibatch. */
    static ChunkResult of(RowEvaluator evaluator, int index, List<Row> rows, double weight, double lossScale) {
        long before = evaluator.networkNanos();
        List<ChunkResult> results = new ArrayList<>();
        evaluator.gradients(
                List.of(rows),
                weight,
                lossScale,
                result -> results.add(new ChunkResult(
                        index,
                        result.loss(),
                        new LinkedHashMap<>(result.parts()),
                        result.logProbs(),
                        copies(result.gradients()),
                        evaluator.networkNanos() - before)));
        return results.get(0);
    }

    private static ArrayList<float[]> copies(List<FloatBuffer> gradients) {
        ArrayList<float[]> copies = new ArrayList<>();
        for (FloatBuffer gradient : gradients) {
            float[] values = new float[gradient.limit()];
            gradient.get(0, values);
            copies.add(values);
        }
        return copies;
    }

    RowGradients toGradients() {
        List<FloatBuffer> buffers = gradients.stream().map(FloatBuffer::wrap).toList();
        return new RowGradients(loss, parts, logProbs, buffers);
    }
}
