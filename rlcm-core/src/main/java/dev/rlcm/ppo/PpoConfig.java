package dev.rlcm.ppo;

import dev.rlcm.check.Check;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.LearningRateSchedule;
import dev.rlcm.optim.LossScaling;
import dev.rlcm.optim.OptimizerConfig;
import java.util.OptionalDouble;

/**
 * Settings of {@link PpoOptimizer}. The defaults are those of the paper's compression task (Oertell et al., 2024,
 * appendix B, Table 1) and of its reference code.
 *
 * @param clipRange PPO's epsilon, of {@link PolicyLosses#clipped} and of reports; 1e-4 goes with log-probabilities averaged
 *     over a latent
 * @param advantageClamp advantages are clamped to plus or minus this, positive
 * @param trajectoriesPerStep how many trajectories one optimiser step averages over, at least 1: train batch times gradient
 *     accumulation
 * @param minibatch how many transitions one run of the graph takes, at least 1; changes speed and memory, not the result
 * @param innerEpochs how often an update passes over its rollout, at least 1
 * @param maxGradNorm the global norm that gradients are clipped to, positive; infinity for none
 * @param optimizer the rule that turns gradients into steps, with the base learning rate
 * @param schedule the factor on that rate, by the number of updates done
 * @param targetKl where given, an update stops early once the approximate KL divergence exceeds it. Objectives without
 *     log-probabilities, such as {@link Objective#directReward}, have no such divergence and never stop early
 * @param lossScaling how gradients are kept in range where the network computes in FLOAT16; not used elsewhere
 * @param recomputeLogProbs whether the old log-probabilities are computed again by the graph that the update runs, in place of
 *     those that the sampler recorded: one more pass over the rollout, worth it where rounding makes the two differ by
 *     more than a fraction of the clip range, as 16-bit networks may. {@link UpdateReport.Ratios#initialError} then can no
 *     longer tell a rollout of another policy
 * @param order in which trajectories are taken
 * @param seed of that order
 */
public record PpoConfig(
        ClipRange clipRange,
        double advantageClamp,
        int trajectoriesPerStep,
        int minibatch,
        int innerEpochs,
        double maxGradNorm,
        OptimizerConfig optimizer,
        LearningRateSchedule schedule,
        OptionalDouble targetKl,
        LossScaling lossScaling,
        boolean recomputeLogProbs,
        RowOrder order,
        long seed) {
    public PpoConfig {
        Check.positive("advantageClamp", advantageClamp);
        Check.atLeast(1, "trajectoriesPerStep", trajectoriesPerStep);
        Check.atLeast(1, "minibatch", minibatch);
        Check.atLeast(1, "innerEpochs", innerEpochs);
        Check.that(maxGradNorm > 0, "maxGradNorm", "positive", maxGradNorm);
        targetKl.ifPresent(value -> Check.positive("targetKl", value));
    }

    public static PpoConfig defaults() {
        return new PpoConfig(
                ClipRange.of(1e-4),
                10,
                4,
                8,
                1,
                5,
                AdamWConfig.defaults().withLearningRate(1e-4),
                LearningRateSchedule.constant(),
                OptionalDouble.empty(),
                LossScaling.defaults(),
                false,
                RowOrder.shuffled(),
                0);
    }

    /** With the same room below and above 1, in [0, 1). */
    public PpoConfig withClipRange(double value) {
        return withClipRange(ClipRange.of(value));
    }

    public PpoConfig withClipRange(ClipRange value) {
        return new PpoConfig(
                value,
                advantageClamp,
                trajectoriesPerStep,
                minibatch,
                innerEpochs,
                maxGradNorm,
                optimizer,
                schedule,
                targetKl,
                lossScaling,
                recomputeLogProbs,
                order,
                seed);
    }

    public PpoConfig withAdvantageClamp(double value) {
        return new PpoConfig(
                clipRange,
                value,
                trajectoriesPerStep,
                minibatch,
                innerEpochs,
                maxGradNorm,
                optimizer,
                schedule,
                targetKl,
                lossScaling,
                recomputeLogProbs,
                order,
                seed);
    }

    public PpoConfig withTrajectoriesPerStep(int value) {
        return new PpoConfig(
                clipRange,
                advantageClamp,
                value,
                minibatch,
                innerEpochs,
                maxGradNorm,
                optimizer,
                schedule,
                targetKl,
                lossScaling,
                recomputeLogProbs,
                order,
                seed);
    }

    public PpoConfig withMinibatch(int value) {
        return new PpoConfig(
                clipRange,
                advantageClamp,
                trajectoriesPerStep,
                value,
                innerEpochs,
                maxGradNorm,
                optimizer,
                schedule,
                targetKl,
                lossScaling,
                recomputeLogProbs,
                order,
                seed);
    }

    public PpoConfig withInnerEpochs(int value) {
        return new PpoConfig(
                clipRange,
                advantageClamp,
                trajectoriesPerStep,
                minibatch,
                value,
                maxGradNorm,
                optimizer,
                schedule,
                targetKl,
                lossScaling,
                recomputeLogProbs,
                order,
                seed);
    }

    public PpoConfig withMaxGradNorm(double value) {
        return new PpoConfig(
                clipRange,
                advantageClamp,
                trajectoriesPerStep,
                minibatch,
                innerEpochs,
                value,
                optimizer,
                schedule,
                targetKl,
                lossScaling,
                recomputeLogProbs,
                order,
                seed);
    }

    public PpoConfig withOptimizer(OptimizerConfig value) {
        return new PpoConfig(
                clipRange,
                advantageClamp,
                trajectoriesPerStep,
                minibatch,
                innerEpochs,
                maxGradNorm,
                value,
                schedule,
                targetKl,
                lossScaling,
                recomputeLogProbs,
                order,
                seed);
    }

    /** With another base learning rate of {@link #optimizer}. */
    public PpoConfig withLearningRate(double value) {
        return withOptimizer(optimizer.withLearningRate(value));
    }

    /** With another factor on the base learning rate. */
    public PpoConfig withSchedule(LearningRateSchedule value) {
        return new PpoConfig(
                clipRange,
                advantageClamp,
                trajectoriesPerStep,
                minibatch,
                innerEpochs,
                maxGradNorm,
                optimizer,
                value,
                targetKl,
                lossScaling,
                recomputeLogProbs,
                order,
                seed);
    }

    public PpoConfig withTargetKl(double value) {
        return new PpoConfig(
                clipRange,
                advantageClamp,
                trajectoriesPerStep,
                minibatch,
                innerEpochs,
                maxGradNorm,
                optimizer,
                schedule,
                OptionalDouble.of(value),
                lossScaling,
                recomputeLogProbs,
                order,
                seed);
    }

    public PpoConfig withLossScaling(LossScaling value) {
        return new PpoConfig(
                clipRange,
                advantageClamp,
                trajectoriesPerStep,
                minibatch,
                innerEpochs,
                maxGradNorm,
                optimizer,
                schedule,
                targetKl,
                value,
                recomputeLogProbs,
                order,
                seed);
    }

    public PpoConfig withRecomputedLogProbs(boolean value) {
        return new PpoConfig(
                clipRange,
                advantageClamp,
                trajectoriesPerStep,
                minibatch,
                innerEpochs,
                maxGradNorm,
                optimizer,
                schedule,
                targetKl,
                lossScaling,
                value,
                order,
                seed);
    }

    public PpoConfig withOrder(RowOrder value) {
        return new PpoConfig(
                clipRange,
                advantageClamp,
                trajectoriesPerStep,
                minibatch,
                innerEpochs,
                maxGradNorm,
                optimizer,
                schedule,
                targetKl,
                lossScaling,
                recomputeLogProbs,
                value,
                seed);
    }

    public PpoConfig withSeed(long value) {
        return new PpoConfig(
                clipRange,
                advantageClamp,
                trajectoriesPerStep,
                minibatch,
                innerEpochs,
                maxGradNorm,
                optimizer,
                schedule,
                targetKl,
                lossScaling,
                recomputeLogProbs,
                order,
                value);
    }
}
