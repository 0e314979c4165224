package dev.rlcm.train;

import dev.rlcm.policy.Rollout;
import dev.rlcm.ppo.UpdateReport;
import dev.rlcm.reward.ComponentStatistics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.StatUtils;

/**
 * What happened in one epoch. Arrays are not copied; nothing else uses them any more.
 *
 * @param epoch from 0
 * @param rollout the trajectories of the update, with all latents and pictures: whoever keeps reports keeps these. Those that
 *     were dropped because their pictures have no reward are not among them
 * @param rewards one per trajectory, in the order of the rollout; a neutral one has the mean of its prompt's
 * @param components statistics of each reward of a {@link dev.rlcm.reward.RewardMix} over the sampled rollout, by name; empty
 *     for other rewards
 * @param advantages one per trajectory or, if the estimator says so, per action, before clamping
 * @param unscored the pictures that the reward could not score, by their place among those that were sampled
 * @param zeroStdShare share of the prompts whose rewards were all equal, so that they taught nothing
 * @param update what the optimiser did
 * @param samplingTime for the rollout, decoding included
 * @param rewardWait for scores that were not ready when sampling was
 * @param totalTime of the epoch
 */
public record EpochReport(
        int epoch,
        Rollout rollout,
        double[] rewards,
        Map<String, ComponentStatistics> components,
        double[] advantages,
        List<Unscored> unscored,
        double zeroStdShare,
        UpdateReport update,
        Duration samplingTime,
        Duration rewardWait,
        Duration totalTime) {
    public double rewardMean() {
        return StatUtils.mean(rewards);
    }

    /** Population standard deviation. */
    public double rewardStd() {
        return Math.sqrt(StatUtils.populationVariance(rewards));
    }

    public double rewardMin() {
        return StatUtils.min(rewards);
    }

    public double rewardMax() {
        return StatUtils.max(rewards);
    }
}
