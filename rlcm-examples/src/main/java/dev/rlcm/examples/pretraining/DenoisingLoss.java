package dev.rlcm.examples.pretraining;

import dev.rlcm.check.Check;
import dev.rlcm.mdp.PredictionType;

/**
 * What a denoiser is trained to predict at a timestep, and how much that timestep counts: the mean squared error, weighted by the
 * signal-to-noise ratio up to a bound (Hang et al., arXiv:2303.09556, section 3.4), so that timesteps with little noise do not drown the others.
 *
 * @param prediction EPSILON or V_PREDICTION
 * @param largestRatio the bound on the ratio, positive
 */
record DenoisingLoss(PredictionType prediction, double largestRatio) {
    DenoisingLoss {
        Check.that(prediction != PredictionType.SAMPLE, "prediction", "EPSILON or V_PREDICTION", prediction);
        Check.positive("largestRatio", largestRatio);
    }

    /** The bound of the paper, 5. */
    static DenoisingLoss of(PredictionType prediction) {
        return new DenoisingLoss(prediction, 5);
    }

    /** What the network should say of sqrt(abar) clean + sqrt(1 - abar) noise, an element. */
    double target(double clean, double noise, double abar) {
        return prediction == PredictionType.EPSILON ? noise : Math.sqrt(abar) * noise - Math.sqrt(1 - abar) * clean;
    }

    /** min(SNR, bound) / SNR for predicted noise, min(SNR, bound) / (SNR + 1) for predicted velocity; SNR = abar / (1 - abar). */
    double weight(double abar) {
        double ratio = abar / (1 - abar);
        double bounded = Math.min(ratio, largestRatio);
        return bounded / (prediction == PredictionType.EPSILON ? ratio : ratio + 1);
    }
}
