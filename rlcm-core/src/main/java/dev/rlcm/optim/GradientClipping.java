package dev.rlcm.optim;

import dev.rlcm.check.Check;
import java.nio.FloatBuffer;
import java.util.List;

/** Bounds on gradients, in place. Stateless; the buffers belong to the caller. */
public final class GradientClipping {
    private static final double EPSILON = 1e-6; // torch.nn.utils.clip_grad_norm_

    private GradientClipping() {}

    /**
     * Scales all gradients by min(1, maxNorm / (norm + 1e-6)), where norm is the L2 norm of all elements of all of them.
     *
     * @param gradients from index 0 to their limits
     * @param maxNorm positive
     * @return the norm before, accumulated in float64. If it is infinite or NaN the gradients are left as they are: the
     *     caller should skip the update
     */
    public static double globalNorm(List<FloatBuffer> gradients, double maxNorm) {
        Check.that(maxNorm > 0, "maxNorm", "positive", maxNorm);
        float[] block = new float[FloatBlocks.SIZE];
        double squares = 0;
        for (FloatBuffer gradient : gradients) {
            for (int from = 0; from < gradient.limit(); from += block.length) {
                int length = Math.min(block.length, gradient.limit() - from);
                gradient.get(from, block, 0, length);
                squares += FloatBlocks.squares(block, length);
            }
        }
        double norm = Math.sqrt(squares);
        double scale = Math.min(1, maxNorm / (norm + EPSILON));
        if (Double.isFinite(norm) && scale < 1) {
            float factor = (float) scale;
            for (FloatBuffer gradient : gradients) {
                FloatBlocks.forEach(gradient.limit(), (from, length) -> {
                    gradient.get(from, block, 0, length);
                    for (int i = 0; i < length; i++) {
                        block[i] *= factor;
                    }
                    gradient.put(from, block, 0, length);
                });
            }
        }
        return norm;
    }
}
