package dev.rlcm.ppo;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one {@link PpoOptimizer#update} did; see {@code docs/metrics.md} for how to read the numbers.
 *
 * @param losses means over the applied steps
 * @param ratios how far the policy moved
 * @param steps what the optimiser did
 * @param time how long it took
 */
public record UpdateReport(Losses losses, Ratios ratios, Steps steps, Times time) {
    /** The mean loss, {@link Losses#total}. */
    public double loss() {
        return losses.total();
    }

    /** The KL estimate, {@link Ratios#approxKl}. */
    public double approxKl() {
        return ratios.approxKl();
    }

    /** Share of transitions whose ratio is outside the clip range. */
    public double clipFraction() {
        return ratios.clippedLow() + ratios.clippedHigh();
    }

    /**
     * Means over the applied steps of means over their transitions; NaN if no step was applied.
     *
     * @param total of the loss
     * @param parts of what the loss reported, by name, see {@link PolicyTerms#report}; empty if nothing
     */
    public record Losses(double total, Map<String, Double> parts) {
        public Losses {
            parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
        }
    }

    /**
     * Statistics of r = pi_theta / pi_old over all transitions that the update evaluated, each at the weights it was evaluated
     * with. Mean, deviation and divergence are NaN for rows without log-probabilities, see {@link RowSource#logProbs}.
     *
     * @param mean of r
     * @param std the population standard deviation of r
     * @param initialError the largest |r - 1| before the first step. Rounding alone makes about 1e-6; more means that the
     *     rollout was not sampled from this policy. It cannot tell that where {@link PpoConfig#recomputeLogProbs} replaces the
     *     recorded log-probabilities: then r is 1 before the first step whatever the rollout is
     * @param approxKl mean of (log r)^2 / 2 (Schulman's k2 estimate)
     * @param clippedLow share of transitions with r below the clip range
     * @param clippedHigh share of transitions with r above it
     */
    public record Ratios(
            double mean, double std, double initialError, double approxKl, double clippedLow, double clippedHigh) {}

    /**
     * The optimiser steps of an update.
     *
     * @param applied steps applied
     * @param skipped steps left out because the loss or a gradient was not finite
     * @param stoppedEarly whether the KL target ended the update
     * @param gradNorm mean over the applied steps of the global gradient norm before clipping; NaN if there are none
     * @param learningRate of the last step
     * @param lossScale of the last step; 1 where the network does not compute in FLOAT16
     */
    public record Steps(
            int applied, int skipped, boolean stoppedEarly, double gradNorm, double learningRate, double lossScale) {}

    /**
     * Where the time of an update went.
     *
     * @param network spent inside the backend; where it has several replicas, that of all of them together
     * @param total of the update
     */
    public record Times(Duration network, Duration total) {}
}
