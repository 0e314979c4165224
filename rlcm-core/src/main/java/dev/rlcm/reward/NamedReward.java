package dev.rlcm.reward;

import java.util.List;
import java.util.Objects;

/** Another reward under a name of the host's choice, in its failures too. */
record NamedReward(RewardFunction reward, String name) implements RewardFunction {
    NamedReward {
        Objects.requireNonNull(reward, "reward");
        if (name.isBlank()) {
            throw new IllegalArgumentException("a reward's name must not be blank");
        }
    }

    @Override
    public RewardScope scope() {
        return reward.scope();
    }

    @Override
    public double[] score(List<Sample> samples) {
        try {
            return reward.score(samples);
        } catch (RewardException e) {
            throw e.renamed(reward.name(), name);
        }
    }

    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        try {
            return reward.attempt(samples, policy).stream().map(this::renamed).toList();
        } catch (RewardException e) {
            throw e.renamed(reward.name(), name);
        }
    }

    private Score renamed(Score score) {
        return score instanceof Score.Missing missing
                ? new Score.Missing(missing.reason().renamed(reward.name(), name), missing.policy())
                : score;
    }

    @Override
    public boolean isPaused() {
        return reward.isPaused();
    }
}
