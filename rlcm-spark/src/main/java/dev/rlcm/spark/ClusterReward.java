package dev.rlcm.spark;

import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.RewardMix;
import dev.rlcm.reward.RewardScope;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * The reward as the driver sees it: for pictures that executors have scored, their score. A reward that compares pictures with
 * each other, or a mix whose parts are to be reported, scores on the driver, to which whole pictures travel then.
 */
final class ClusterReward implements RewardFunction {
    private final RewardFunction reward;
    private final Map<Sample, Score> known = Collections.synchronizedMap(new WeakHashMap<>());

    ClusterReward(RewardFunction reward) {
        this.reward = reward;
    }

    boolean isScoredByExecutors() {
        return reward.scope() == RewardScope.SAMPLE && !(reward instanceof RewardMix);
    }

    /** The reward to train with: this one, or the one that the driver evaluates itself. */
    RewardFunction forTraining() {
        return isScoredByExecutors() ? this : reward;
    }

    /** Remembers a score as long as somebody holds the sample, which is known by its identity. */
    void know(Sample sample, Score score) {
        known.put(sample, score);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return Score.numbers(samples.stream().map(this::score).toList());
    }

    /** As executors have it: what a failure makes of a picture was decided there. */
    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        return samples.stream().map(this::score).toList();
    }

    private Score score(Sample sample) {
        Score score = known.get(sample);
        if (score == null) {
            throw new IllegalArgumentException(
                    sample + " was not sampled on this cluster; only pictures of its own rollouts have scores");
        }
        return score;
    }

    @Override
    public String name() {
        return reward.name();
    }
}
