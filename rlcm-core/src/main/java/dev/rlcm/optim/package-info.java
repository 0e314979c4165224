/**
 * First-order optimisation of parameters in memory: {@link dev.rlcm.optim.AdamW}, {@link
 * dev.rlcm.optim.GradientClipping} and {@link dev.rlcm.optim.LearningRateSchedule}. Imports {@code dev.rlcm.graph} for
 * {@link dev.rlcm.graph.TensorData}.
 */
@NullMarked
package dev.rlcm.optim;

import org.jspecify.annotations.NullMarked;
