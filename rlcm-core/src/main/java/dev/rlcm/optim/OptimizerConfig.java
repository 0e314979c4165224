package dev.rlcm.optim;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * The settings of an {@link Optimizer}, and the way to make one. {@link AdamWConfig} is one; a host gives its own to train by
 * another rule. A record whose components are all that matters, so that checkpoints can tell one from another. Immutable.
 */
public interface OptimizerConfig {
    /** The base learning rate, which schedules multiply; finite and not negative. */
    double learningRate();

    /** The same settings with another base learning rate. */
    OptimizerConfig withLearningRate(double rate);

    /**
     * A new optimiser at step 0.
     *
     * @param parameters what it changes in place; they belong to the caller
     * @throws IllegalArgumentException if one is read-only
     */
    Optimizer optimizer(List<FloatBuffer> parameters);
}
