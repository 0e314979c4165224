/**
 * First-order optimisation of parameters in memory. Start with {@link dev.rlcm.optim.Optimizer} and {@link
 * dev.rlcm.optim.AdamW}, which implements it; {@link dev.rlcm.optim.GradientClipping} and {@link
 * dev.rlcm.optim.LearningRateSchedule} go with it, and {@link dev.rlcm.optim.GradientDescent} puts them together over rows of
 * any kind. Imports graph, for {@link dev.rlcm.graph.TensorData}, and check.
 */
@NullMarked
package dev.rlcm.optim;

import org.jspecify.annotations.NullMarked;
