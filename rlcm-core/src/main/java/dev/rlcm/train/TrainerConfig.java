package dev.rlcm.train;

import dev.rlcm.check.Check;
import dev.rlcm.optim.MovingAverage;
import dev.rlcm.ppo.AdvantageEstimator;
import java.util.OptionalDouble;

/**
 * Settings of {@link Trainer}.
 *
 * @param epochs how many times to sample and update, at least 1, those before a resume included
 * @param trajectories sampled in an epoch, at least 2
 * @param samplesPerPrompt how many samples of each drawn prompt an epoch has, at least 1, dividing trajectories. From 2 on,
 *     samples of a prompt are compared with each other ({@link AdvantageEstimator#withinPrompt()}), and the two settings of
 *     statistics are not used
 * @param statBuffer how many of a prompt's latest rewards its statistics keep, at least 1. They keep 10,000 prompts; for more,
 *     give the trainer an {@link AdvantageEstimator#perPrompt(int, int, int)}
 * @param statMinCount how many rewards of a prompt there must be before its statistics are used instead of those of the whole
 *     batch, at least 1
 * @param rewardThreads that score pictures while the next ones are sampled, at least 1; more than one needs a
 *     thread-safe reward
 * @param averageDecay where given, that of a {@link MovingAverage} of the policy's parameters, taken after every optimiser step,
 *     in [0, 1)
 * @param commonBeginnings whether the samples of a prompt begin at the same latent, and differ by their actions' noises alone
 * @param seed of all noise and prompt draws
 */
public record TrainerConfig(
        int epochs,
        int trajectories,
        int samplesPerPrompt,
        int statBuffer,
        int statMinCount,
        int rewardThreads,
        OptionalDouble averageDecay,
        boolean commonBeginnings,
        long seed) {
    public TrainerConfig {
        Check.atLeast(1, "epochs", epochs);
        Check.atLeast(2, "trajectories", trajectories);
        Check.atLeast(1, "samplesPerPrompt", samplesPerPrompt);
        if (trajectories % samplesPerPrompt != 0) {
            throw new IllegalArgumentException(
                    "samplesPerPrompt must divide trajectories " + trajectories + ", got " + samplesPerPrompt);
        }
        Check.atLeast(1, "statBuffer", statBuffer);
        Check.atLeast(1, "statMinCount", statMinCount);
        Check.atLeast(1, "rewardThreads", rewardThreads);
        averageDecay.ifPresent(decay -> Check.that(decay >= 0 && decay < 1, "averageDecay", "in [0, 1)", decay));
        if (statMinCount > statBuffer) {
            throw new IllegalArgumentException(
                    "statMinCount must not exceed statBuffer " + statBuffer + ", got " + statMinCount);
        }
    }

    /**
     * 100 epochs of 40 trajectories, statistics over the last 16 rewards of a prompt: one GPU's share of the compression
     * task (Oertell et al., 2024, Table 1).
     */
    public static TrainerConfig defaults() {
        return new TrainerConfig(100, 40, 1, 16, 16, 1, OptionalDouble.empty(), false, 0);
    }

    public TrainerConfig withEpochs(int value) {
        return new TrainerConfig(
                value,
                trajectories,
                samplesPerPrompt,
                statBuffer,
                statMinCount,
                rewardThreads,
                averageDecay,
                commonBeginnings,
                seed);
    }

    public TrainerConfig withTrajectories(int value) {
        return new TrainerConfig(
                epochs,
                value,
                samplesPerPrompt,
                statBuffer,
                statMinCount,
                rewardThreads,
                averageDecay,
                commonBeginnings,
                seed);
    }

    public TrainerConfig withSamplesPerPrompt(int value) {
        return new TrainerConfig(
                epochs,
                trajectories,
                value,
                statBuffer,
                statMinCount,
                rewardThreads,
                averageDecay,
                commonBeginnings,
                seed);
    }

    public TrainerConfig withStatistics(int buffer, int minCount) {
        return new TrainerConfig(
                epochs,
                trajectories,
                samplesPerPrompt,
                buffer,
                minCount,
                rewardThreads,
                averageDecay,
                commonBeginnings,
                seed);
    }

    public TrainerConfig withRewardThreads(int value) {
        return new TrainerConfig(
                epochs,
                trajectories,
                samplesPerPrompt,
                statBuffer,
                statMinCount,
                value,
                averageDecay,
                commonBeginnings,
                seed);
    }

    /** With a moving average of the parameters, see {@link Trainer#applyAverage}. */
    public TrainerConfig withAverageDecay(double value) {
        return new TrainerConfig(
                epochs,
                trajectories,
                samplesPerPrompt,
                statBuffer,
                statMinCount,
                rewardThreads,
                OptionalDouble.of(value),
                commonBeginnings,
                seed);
    }

    public TrainerConfig withCommonBeginnings(boolean value) {
        return new TrainerConfig(
                epochs,
                trajectories,
                samplesPerPrompt,
                statBuffer,
                statMinCount,
                rewardThreads,
                averageDecay,
                value,
                seed);
    }

    public TrainerConfig withSeed(long value) {
        return new TrainerConfig(
                epochs,
                trajectories,
                samplesPerPrompt,
                statBuffer,
                statMinCount,
                rewardThreads,
                averageDecay,
                commonBeginnings,
                value);
    }

    /** Within prompts where there are several samples of each, else by prompt with these settings of statistics. */
    public AdvantageEstimator advantages() {
        return samplesPerPrompt > 1
                ? AdvantageEstimator.withinPrompt()
                : AdvantageEstimator.perPrompt(statBuffer, statMinCount);
    }
}
