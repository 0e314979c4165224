package dev.rlcm.optim;

import dev.rlcm.check.Check;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.Map;

/** The present loss scale: halved when gradients overflow, doubled after a run of steps in which they did not. */
public final class LossScaler {
    private static final String SCALE = "loss_scale";
    private static final String GOOD_STEPS = "loss_scale.good_steps";

    private final LossScaling settings;
    private double scale;
    private long goodSteps;

    /** A scaler at the initial scale. */
    public LossScaler(LossScaling settings) {
        this.settings = settings;
        this.scale = settings.initial();
    }

    /** What to multiply the loss with, a power of two. */
    public double scale() {
        return scale;
    }

    /** Records a step whose gradients were finite. */
    public void succeeded() {
        goodSteps++;
        if (goodSteps >= settings.growthInterval()) {
            goodSteps = 0;
            scale = Math.min(LossScaling.LARGEST, 2 * scale);
        }
    }

    /** Records a step whose gradients were not finite; the scale does not fall below 1. */
    public void overflowed() {
        goodSteps = 0;
        scale = Math.max(1, scale / 2);
    }

    /** A copy of the state: {@code loss_scale}, FLOAT64 [], and the number of good steps since it changed, INT64 []. */
    public Map<String, TensorData> state() {
        return Map.of(
                SCALE, TensorData.doubles(Shape.SCALAR, scale), GOOD_STEPS, TensorData.longs(Shape.SCALAR, goodSteps));
    }

    /**
     * Continues from the state among the given tensors, which stay as they are.
     *
     * @throws IllegalArgumentException if it is missing or damaged; nothing is restored then
     */
    public void restore(Map<String, TensorData> state) {
        double savedScale = saved(state, SCALE, DataType.FLOAT64).getDouble(0);
        long savedSteps = saved(state, GOOD_STEPS, DataType.INT64).getLong(0);
        Check.atLeast(0, GOOD_STEPS, savedSteps);
        scale = settings.withInitial(savedScale).initial();
        goodSteps = savedSteps;
    }

    /** Whether a tensor of that name belongs to {@link #state}. */
    public static boolean owns(String name) {
        return name.equals(SCALE) || name.equals(GOOD_STEPS);
    }

    private static TensorData saved(Map<String, TensorData> state, String name, DataType type) {
        TensorData tensor = state.get(name);
        if (tensor == null || tensor.type() != type || !tensor.shape().equals(Shape.SCALAR)) {
            throw new IllegalArgumentException("not an optimiser state: " + name + " must be " + type + "[], got "
                    + (tensor == null ? "none" : tensor));
        }
        return tensor;
    }
}
