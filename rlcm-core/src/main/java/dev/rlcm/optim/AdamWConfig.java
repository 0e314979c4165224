package dev.rlcm.optim;

import dev.rlcm.check.Check;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * Settings of {@link AdamW}.
 *
 * @param learningRate not negative
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon added to the root of the second moment, positive
 * @param weightDecay not negative
 * @param decoupled true for AdamW (arXiv:1711.05101: weights shrink by learningRate x weightDecay), false for Adam with
 *     an L2 term (weightDecay x weight is added to the gradient)
 */
public record AdamWConfig(
        double learningRate, double beta1, double beta2, double epsilon, double weightDecay, boolean decoupled)
        implements OptimizerConfig {
    public AdamWConfig {
        Check.notNegative("learningRate", learningRate);
        Check.that(beta1 >= 0 && beta1 < 1, "beta1", "in [0, 1)", beta1);
        Check.that(beta2 >= 0 && beta2 < 1, "beta2", "in [0, 1)", beta2);
        Check.positive("epsilon", epsilon);
        Check.notNegative("weightDecay", weightDecay);
    }

    /** The settings of RLCM's reference code: learning rate 1e-4, betas 0.9 and 0.999, epsilon 1e-8, no weight decay. */
    public static AdamWConfig defaults() {
        return new AdamWConfig(1e-4, 0.9, 0.999, 1e-8, 0, true);
    }

    @Override
    public AdamWConfig withLearningRate(double rate) {
        return new AdamWConfig(rate, beta1, beta2, epsilon, weightDecay, decoupled);
    }

    public AdamWConfig withBetas(double first, double second) {
        return new AdamWConfig(learningRate, first, second, epsilon, weightDecay, decoupled);
    }

    public AdamWConfig withEpsilon(double newEpsilon) {
        return new AdamWConfig(learningRate, beta1, beta2, newEpsilon, weightDecay, decoupled);
    }

    public AdamWConfig withWeightDecay(double decay) {
        return new AdamWConfig(learningRate, beta1, beta2, epsilon, decay, decoupled);
    }

    @Override
    public AdamW optimizer(List<FloatBuffer> parameters) {
        return new AdamW(parameters, this);
    }

    public AdamWConfig withDecoupled(boolean newDecoupled) {
        return new AdamWConfig(learningRate, beta1, beta2, epsilon, weightDecay, newDecoupled);
    }
}
