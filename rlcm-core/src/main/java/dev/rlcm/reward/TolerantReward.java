package dev.rlcm.reward;

import java.util.List;
import java.util.Objects;

/** Another reward under a policy of its own, whatever that of the caller. */
record TolerantReward(RewardFunction reward, RewardFailure policy) implements RewardFunction {
    TolerantReward {
        Objects.requireNonNull(reward, "reward");
        Objects.requireNonNull(policy, "policy");
    }

    /** Numbers leave no room for a missing one: whatever the policy, a failure is thrown. */
    @Override
    public double[] score(List<Sample> samples) {
        return reward.score(samples);
    }

    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure callers) {
        return CheckedReward.attempt(reward, samples, policy);
    }

    @Override
    public RewardScope scope() {
        return reward.scope();
    }

    @Override
    public boolean isPaused() {
        return reward.isPaused();
    }

    @Override
    public String name() {
        return reward.name();
    }
}
