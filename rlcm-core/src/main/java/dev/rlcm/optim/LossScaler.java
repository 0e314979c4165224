package dev.rlcm.optim;

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
     * Continues from the state among the given tensors, which it removes from them.
     *
     * @throws IllegalArgumentException if it is missing
     */
    public void restore(Map<String, TensorData> state) {
        TensorData savedScale = state.remove(SCALE);
        TensorData savedSteps = state.remove(GOOD_STEPS);
        if (savedScale == null || savedSteps == null || savedScale.type() != DataType.FLOAT64) {
            throw new IllegalArgumentException("not an optimiser state: it has no " + SCALE);
        }
        LossScaling checked = settings.withInitial(savedScale.getDouble(0));
        scale = checked.initial();
        goodSteps = savedSteps.getLong(0);
    }
}
