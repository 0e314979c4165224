package dev.rlcm.optim;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * The gradient of an optimiser step, summed in float32 over chunks of its rows. Chunks are added in the order of the rows,
 * whoever computed them, so that the sum has the same bits however many did.
 */
final class GradientSum {
    private final List<FloatBuffer> sums; // of whole arrays
    private final float[] block = new float[FloatBlocks.SIZE];

    GradientSum(List<FloatBuffer> parameters) {
        this.sums = parameters.stream()
                .map(parameter -> FloatBuffer.allocate(parameter.limit()))
                .toList();
    }

    /** The sum so far, live. */
    List<FloatBuffer> sums() {
        return sums;
    }

    void clear() {
        sums.forEach(sum -> Arrays.fill(sum.array(), 0));
    }

    /** @param factor a power of two, so that it costs no precision */
    void add(List<FloatBuffer> gradients, float factor) {
        for (int i = 0; i < gradients.size(); i++) {
            float[] sum = sums.get(i).array();
            FloatBuffer gradient = gradients.get(i);
            FloatBlocks.forEach(sum.length, (from, length) -> {
                gradient.get(from, block, 0, length);
                for (int j = 0; j < length; j++) {
                    sum[from + j] += factor * block[j];
                }
            });
        }
    }
}
