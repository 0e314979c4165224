package dev.rlcm.ppo;

import java.time.Duration;

/**
 * What one {@link PpoOptimizer#update} did. Ratios, KL and clip fractions are over all transitions it evaluated, each at
 * the weights it was evaluated with; see {@code docs/metrics.md} for how to read them. Loss and gradient norm are NaN if no
 * step was applied.
 *
 * @param optimizerSteps steps applied
 * @param skippedSteps steps left out because the loss or a gradient was not finite
 * @param loss mean over the applied steps of their transitions' mean loss
 * @param ratioMean mean of r = pi_theta / pi_old
 * @param ratioStd its population standard deviation
 * @param initialRatioError the largest |r - 1| before the first step, which only float rounding should make (about 1e-6);
 *     more means that the rollout was not sampled from this policy
 * @param approxKl mean of (log r)^2 / 2 (Schulman's k2 estimate)
 * @param clipFractionLow share of transitions with r below the clip range
 * @param clipFractionHigh share of transitions with r above it
 * @param gradNorm mean over the applied steps of the global gradient norm before clipping
 * @param learningRate of the last step
 * @param lossScale of the last step; 1 where the network does not compute in FLOAT16
 * @param stoppedEarly whether the KL target ended the update
 * @param networkTime spent inside the backend
 * @param totalTime of the update
 */
public record UpdateReport(
        int optimizerSteps,
        int skippedSteps,
        double loss,
        double ratioMean,
        double ratioStd,
        double initialRatioError,
        double approxKl,
        double clipFractionLow,
        double clipFractionHigh,
        double gradNorm,
        double learningRate,
        double lossScale,
        boolean stoppedEarly,
        Duration networkTime,
        Duration totalTime) {
    /** Share of transitions whose ratio is outside the clip range. */
    public double clipFraction() {
        return clipFractionLow + clipFractionHigh;
    }
}
