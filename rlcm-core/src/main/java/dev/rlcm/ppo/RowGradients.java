package dev.rlcm.ppo;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;

/**
 * The loss of a minibatch and its gradient. Where a {@link RowEvaluator} hands it over, it may live in buffers that the next
 * minibatch overwrites.
 *
 * @param loss the weighted sum of the rows' losses
 * @param parts the weighted sums of what the loss reports, by name; always the same names
 * @param logProbs log pi_theta of each row; NaN where the objective needs none
 * @param gradients of the weighted sum times the loss scale, in the order of the policy's parameters
 */
public record RowGradients(double loss, Map<String, Double> parts, double[] logProbs, List<FloatBuffer> gradients) {}
