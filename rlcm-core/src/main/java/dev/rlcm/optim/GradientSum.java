package dev.rlcm.optim;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * The gradient of an optimiser step, summed in float32 over chunks of its rows. Chunks are added in the order of the rows,
 * whoever computed them, so that the sum has the same bits however many did.
 */
final class GradientSum {
    private final List<FloatBuffer> sums;

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
        for (FloatBuffer sum : sums) {
            for (int i = 0; i < sum.limit(); i++) {
                sum.put(i, 0);
            }
        }
    }

    /** @param factor a power of two, so that it costs no precision */
    void add(List<FloatBuffer> gradients, float factor) {
        for (int i = 0; i < gradients.size(); i++) {
            FloatBuffer sum = sums.get(i);
            FloatBuffer gradient = gradients.get(i);
            for (int j = 0; j < sum.limit(); j++) {
                sum.put(j, sum.get(j) + factor * gradient.get(j));
            }
        }
    }
}
