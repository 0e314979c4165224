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
    private final float[] total = new float[FloatBlocks.SIZE];
    private boolean isEmpty = true;

    GradientSum(List<FloatBuffer> parameters) {
        this.sums = parameters.stream()
                .map(parameter -> FloatBuffer.allocate(parameter.limit()))
                .toList();
    }

    /** The sum so far, live. */
    List<FloatBuffer> sums() {
        if (isEmpty) {
            sums.forEach(sum -> Arrays.fill(sum.array(), 0));
        }
        return sums;
    }

    void clear() {
        isEmpty = true;
    }

    /** @param factor a power of two, so that it costs no precision */
    void add(List<FloatBuffer> gradients, float factor) {
        for (int i = 0; i < gradients.size(); i++) {
            if (isEmpty) {
                set(sums.get(i).array(), gradients.get(i), factor);
            } else {
                add(sums.get(i).array(), gradients.get(i), factor);
            }
        }
        isEmpty = false;
    }

    /** The first one overwrites what is left of the step before, which spares a pass. */
    private static void set(float[] sum, FloatBuffer gradient, float factor) {
        gradient.get(0, sum);
        if (factor != 1) {
            for (int j = 0; j < sum.length; j++) {
                sum[j] *= factor;
            }
        }
    }

    private void add(float[] sum, FloatBuffer gradient, float factor) {
        FloatBlocks.forEach(sum.length, (from, length) -> {
            gradient.get(from, block, 0, length);
            System.arraycopy(sum, from, total, 0, length);
            for (int j = 0; j < length; j++) {
                total[j] += factor * block[j];
            }
            System.arraycopy(total, 0, sum, from, length);
        });
    }
}
