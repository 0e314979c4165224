package dev.rlcm.reward;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Enforces {@link RewardFunction#score}'s contract on a reward that someone else wrote. */
record CheckedReward(RewardFunction reward) implements RewardFunction {
    CheckedReward {
        Objects.requireNonNull(reward, "reward");
    }

    @Override
    public RewardScope scope() {
        return reward.scope();
    }

    @Override
    public double[] score(List<Sample> samples) {
        return score(reward, samples);
    }

    @Override
    public String name() {
        return reward.name();
    }

    @Override
    public RewardFunction checked() {
        return this;
    }

    static double[] score(RewardFunction reward, List<Sample> samples) {
        double @Nullable [] scores;
        try {
            scores = reward.score(samples);
        } catch (RewardException e) {
            throw e;
        } catch (RuntimeException e) {
            throw RewardException.threw(reward.name(), samples.size(), e);
        }
        if (scores == null || scores.length != samples.size()) {
            throw RewardException.wrongLength(
                    reward.name(), samples.size(), scores == null ? "null" : scores.length + " scores");
        }
        for (int i = 0; i < scores.length; i++) {
            if (!Double.isFinite(scores[i])) {
                throw RewardException.notFinite(reward.name(), i, samples.get(i), scores[i]);
            }
        }
        return scores;
    }
}
