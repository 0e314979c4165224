package dev.rlcm.optim;

import java.nio.FloatBuffer;

/**
 * The arithmetic of a step of {@link AdamW}: one pass over parameter, gradient and moments, in FLOAT32 as PyTorch's. All are copied to
 * blocks, because HotSpot vectorises a loop only if it has the same index in all arrays.
 */
final class AdamWBlock {
    private final float[] value = new float[FloatBlocks.SIZE];
    private final float[] gradient = new float[FloatBlocks.SIZE];
    private final float[] first = new float[FloatBlocks.SIZE];
    private final float[] second = new float[FloatBlocks.SIZE];

    /**
     * What is the same for all elements of a step.
     *
     * @param beta1 the share of the first moment that stays
     * @param newFirst the share of the gradient in the first moment
     * @param beta2 the share of the second moment that stays
     * @param newSecond the share of the gradient's square in the second moment
     * @param rootFactor what corrects the root of the second moment for its bias
     * @param epsilon added to that root
     * @param stepSize the rate, corrected for the first moment's bias
     * @param shrinkage the share of a value that decoupled decay takes away
     * @param l2 the share of a value that is added to its gradient
     */
    record Rates(
            float beta1,
            float newFirst,
            float beta2,
            float newSecond,
            float rootFactor,
            float epsilon,
            float stepSize,
            float shrinkage,
            float l2) {
        /** @param step counts from 1 */
        static Rates of(AdamWConfig config, double rate, long step) {
            double decay = config.weightDecay();
            return new Rates(
                    (float) config.beta1(),
                    (float) (1 - config.beta1()),
                    (float) config.beta2(),
                    (float) (1 - config.beta2()),
                    (float) (1 / Math.sqrt(1 - Math.pow(config.beta2(), (double) step))),
                    (float) config.epsilon(),
                    (float) (rate / (1 - Math.pow(config.beta1(), (double) step))),
                    config.decoupled() ? (float) (rate * decay) : 0,
                    config.decoupled() ? 0 : (float) decay);
        }
    }

    void step(FloatBuffer parameter, FloatBuffer slope, FloatBuffer mean, FloatBuffer square, Rates rates) {
        FloatBlocks.forEach(parameter.limit(), (from, length) -> {
            parameter.get(from, value, 0, length);
            slope.get(from, gradient, 0, length);
            mean.get(from, first, 0, length);
            square.get(from, second, 0, length);
            step(length, rates);
            mean.put(from, first, 0, length);
            square.put(from, second, 0, length);
            parameter.put(from, value, 0, length);
        });
    }

    private void step(int length, Rates rates) {
        float[] values = value;
        float[] gradients = gradient;
        float[] means = first;
        float[] squares = second;
        float beta1 = rates.beta1;
        float newFirst = rates.newFirst;
        float beta2 = rates.beta2;
        float newSecond = rates.newSecond;
        float rootFactor = rates.rootFactor;
        float epsilon = rates.epsilon;
        float stepSize = rates.stepSize;
        float shrinkage = rates.shrinkage;
        float l2 = rates.l2;
        for (int i = 0; i < length; i++) {
            float g = gradients[i] + l2 * values[i];
            float m = beta1 * means[i] + newFirst * g;
            float v = beta2 * squares[i] + newSecond * g * g;
            means[i] = m;
            squares[i] = v;
            float root = (float) Math.sqrt(v) * rootFactor + epsilon;
            values[i] -= shrinkage * values[i] + stepSize * m / root;
        }
    }
}
