package dev.rlcm.optim;

import dev.rlcm.graph.TensorData;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;

/**
 * A first-order rule that changes float32 parameters in place, given their gradients. Not thread-safe. The parameters belong
 * to whoever made the optimiser, who must not let a running session read them during {@link #step}.
 */
public interface Optimizer {
    /**
     * Updates the parameters.
     *
     * @param gradients one per parameter, of its size; not changed
     * @param factor on the configured learning rate, from a {@link LearningRateSchedule}
     * @throws IllegalArgumentException if number or size differ or a gradient is not finite; nothing is updated then
     */
    void step(List<FloatBuffer> gradients, double factor);

    /** Updates the parameters at the configured learning rate. */
    default void step(List<FloatBuffer> gradients) {
        step(gradients, 1);
    }

    /** All that a later run needs to continue bit for bit, besides the parameters, by name. Copies. */
    Map<String, TensorData> state();

    /**
     * Continues from a {@link #state} of an optimiser of the same parameters.
     *
     * @throws IllegalArgumentException if it is of other parameters; nothing is restored then
     */
    void restore(Map<String, TensorData> state);
}
