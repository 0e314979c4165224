package dev.rlcm.optim;

import java.nio.FloatBuffer;

/** The arithmetic of a step of {@link AdamW} on a block of elements, FLOAT32 outside and double precision within. */
final class AdamWBlock {
    private final float[] floats = new float[FloatBlocks.SIZE];
    private final double[] value = new double[FloatBlocks.SIZE];
    private final double[] gradient = new double[FloatBlocks.SIZE];
    private final double[] first = new double[FloatBlocks.SIZE];
    private final double[] second = new double[FloatBlocks.SIZE];

    /**
     * What is the same for all elements.
     *
     * @param stepSize the rate, corrected for the first moment's bias
     * @param secondCorrection the root of the second moment's bias
     * @param decay what values are multiplied by
     * @param l2 the share of a value that is added to its gradient
     */
    record Rates(
            double beta1,
            double beta2,
            double epsilon,
            double stepSize,
            double secondCorrection,
            double decay,
            double l2) {}

    void step(FloatBuffer parameter, FloatBuffer slope, FloatBuffer mean, FloatBuffer square, Rates rates) {
        FloatBlocks.forEach(parameter.limit(), (from, length) -> {
            load(parameter, from, length, value);
            load(slope, from, length, gradient);
            load(mean, from, length, first);
            load(square, from, length, second);
            step(length, rates);
            store(first, mean, from, length);
            store(second, square, from, length);
            store(value, parameter, from, length);
        });
    }

    private void step(int length, Rates rates) {
        double beta1 = rates.beta1;
        double beta2 = rates.beta2;
        double stepSize = rates.stepSize;
        double correction = rates.secondCorrection;
        double epsilon = rates.epsilon;
        double decay = rates.decay;
        double l2 = rates.l2;
        for (int i = 0; i < length; i++) {
            double g = gradient[i] + l2 * value[i];
            double m = beta1 * first[i] + (1 - beta1) * g;
            double v = beta2 * second[i] + (1 - beta2) * g * g;
            first[i] = m;
            second[i] = v;
            value[i] = decay * value[i] - stepSize * m / (Math.sqrt(v) / correction + epsilon);
        }
    }

    private void load(FloatBuffer from, int at, int length, double[] to) {
        from.get(at, floats, 0, length);
        for (int i = 0; i < length; i++) {
            to[i] = floats[i];
        }
    }

    private void store(double[] from, FloatBuffer to, int at, int length) {
        for (int i = 0; i < length; i++) {
            floats[i] = (float) from[i];
        }
        to.put(at, floats, 0, length);
    }
}
