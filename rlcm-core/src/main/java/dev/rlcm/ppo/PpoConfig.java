package dev.rlcm.ppo;

import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.LearningRateSchedule;
import dev.rlcm.optim.LossScaling;
import java.util.OptionalDouble;
import java.util.function.Consumer;

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
 * @param maxGradNorm the global norm that gradients are clipped to, positive
 * @param adam the optimiser, with the base learning rate
 * @param schedule the factor on that rate, by the number of updates done
 * @param targetKl where given, an update stops early once the approximate KL divergence exceeds it
 * @param lossScaling how gradients are kept in range where the network computes in FLOAT16; not used elsewhere
 * @param recomputeLogProbs whether the old log-probabilities are computed again by the graph that the update runs, in place of
 *     those that the sampler recorded: one more pass over the rollout, worth it where rounding makes the two differ by
 *     more than a fraction of the clip range, as 16-bit networks may
 * @param seed of the order in which trajectories are taken
 */
public record PpoConfig(
        ClipRange clipRange,
        double advantageClamp,
        int trajectoriesPerStep,
        int minibatch,
        int innerEpochs,
        double maxGradNorm,
        AdamWConfig adam,
        LearningRateSchedule schedule,
        OptionalDouble targetKl,
        LossScaling lossScaling,
        boolean recomputeLogProbs,
        long seed) {
    public PpoConfig {
        requirePositive("advantageClamp", advantageClamp);
        requireAtLeastOne("trajectoriesPerStep", trajectoriesPerStep);
        requireAtLeastOne("minibatch", minibatch);
        requireAtLeastOne("innerEpochs", innerEpochs);
        requirePositive("maxGradNorm", maxGradNorm);
        targetKl.ifPresent(value -> requirePositive("targetKl", value));
    }

    public static PpoConfig defaults() {
        AdamWConfig adam = AdamWConfig.defaults().withLearningRate(1e-4);
        return new PpoConfig(
                ClipRange.of(1e-4),
                10,
                4,
                8,
                1,
                5,
                adam,
                LearningRateSchedule.constant(),
                OptionalDouble.empty(),
                LossScaling.defaults(),
                false,
                0);
    }

    /** With the same room below and above 1, in [0, 1). */
    public PpoConfig withClipRange(double value) {
        return withClipRange(ClipRange.of(value));
    }

    public PpoConfig withClipRange(ClipRange value) {
        return with(draft -> draft.clipRange = value);
    }

    public PpoConfig withAdvantageClamp(double value) {
        return with(draft -> draft.advantageClamp = value);
    }

    public PpoConfig withTrajectoriesPerStep(int value) {
        return with(draft -> draft.trajectoriesPerStep = value);
    }

    public PpoConfig withMinibatch(int value) {
        return with(draft -> draft.minibatch = value);
    }

    public PpoConfig withInnerEpochs(int value) {
        return with(draft -> draft.innerEpochs = value);
    }

    public PpoConfig withMaxGradNorm(double value) {
        return with(draft -> draft.maxGradNorm = value);
    }

    public PpoConfig withAdam(AdamWConfig value) {
        return with(draft -> draft.adam = value);
    }

    /** With another base learning rate of {@link #adam}. */
    public PpoConfig withLearningRate(double value) {
        return withAdam(adam.withLearningRate(value));
    }

    /** With another factor on the base learning rate. */
    public PpoConfig withSchedule(LearningRateSchedule value) {
        return with(draft -> draft.schedule = value);
    }

    public PpoConfig withTargetKl(double value) {
        return with(draft -> draft.targetKl = OptionalDouble.of(value));
    }

    public PpoConfig withLossScaling(LossScaling value) {
        return with(draft -> draft.lossScaling = value);
    }

    public PpoConfig withRecomputedLogProbs(boolean value) {
        return with(draft -> draft.recomputeLogProbs = value);
    }

    public PpoConfig withSeed(long value) {
        return with(draft -> draft.seed = value);
    }

    private PpoConfig with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.toConfig();
    }

    /** The settings while one of them changes. */
    private static final class Draft {
        private ClipRange clipRange;
        private double advantageClamp;
        private int trajectoriesPerStep;
        private int minibatch;
        private int innerEpochs;
        private double maxGradNorm;
        private AdamWConfig adam;
        private LearningRateSchedule schedule;
        private OptionalDouble targetKl;
        private LossScaling lossScaling;
        private boolean recomputeLogProbs;
        private long seed;

        Draft(PpoConfig config) {
            clipRange = config.clipRange;
            advantageClamp = config.advantageClamp;
            trajectoriesPerStep = config.trajectoriesPerStep;
            minibatch = config.minibatch;
            innerEpochs = config.innerEpochs;
            maxGradNorm = config.maxGradNorm;
            adam = config.adam;
            schedule = config.schedule;
            targetKl = config.targetKl;
            lossScaling = config.lossScaling;
            recomputeLogProbs = config.recomputeLogProbs;
            seed = config.seed;
        }

        PpoConfig toConfig() {
            return new PpoConfig(
                    clipRange,
                    advantageClamp,
                    trajectoriesPerStep,
                    minibatch,
                    innerEpochs,
                    maxGradNorm,
                    adam,
                    schedule,
                    targetKl,
                    lossScaling,
                    recomputeLogProbs,
                    seed);
        }
    }

    private static void requireAtLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, got " + value);
        }
    }

    private static void requirePositive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " must be positive and finite, got " + value);
        }
    }
}
