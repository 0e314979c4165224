package dev.rlcm.reward;

import java.util.ArrayList;
import java.util.Collections;
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
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        return attempt(reward, samples, policy);
    }

    @Override
    public boolean isPaused() {
        return reward.isPaused();
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
        double[] scores = unchecked(reward, samples);
        for (int i = 0; i < scores.length; i++) {
            if (!Double.isFinite(scores[i])) {
                throw RewardException.notFinite(reward.name(), i, samples.get(i), scores[i]);
            }
        }
        return scores;
    }

    /** The scores of the samples. If there are too few or too many, no sample has one, since nobody knows which is whose. */
    static List<Score> attempt(RewardFunction reward, List<Sample> samples, RewardFailure policy) {
        try {
            List<Score> scores = reward.attempt(samples, policy);
            if (scores.size() != samples.size()) {
                throw RewardException.wrongLength(reward.name(), samples.size(), scores.size() + " scores");
            }
            return scores;
        } catch (Error e) {
            throw e;
        } catch (Throwable e) { // checked ones too, which other languages throw undeclared
            return missing(samples, policy, known(reward, samples, e));
        }
    }

    /** By {@code score}: a call that fails leaves the whole batch without scores, a number that is not finite its own sample. */
    static List<Score> attemptByScore(RewardFunction reward, List<Sample> samples, RewardFailure policy) {
        if (policy == RewardFailure.FAIL) {
            return Score.values(score(reward, samples));
        }
        double[] numbers;
        try {
            numbers = unchecked(reward, samples);
        } catch (RewardException e) {
            return missing(samples, policy, e);
        }
        List<Score> scores = new ArrayList<>();
        for (int i = 0; i < numbers.length; i++) {
            scores.add(
                    Double.isFinite(numbers[i])
                            ? new Score.Value(numbers[i])
                            : new Score.Missing(
                                    RewardException.notFinite(reward.name(), i, samples.get(i), numbers[i]), policy));
        }
        return List.copyOf(scores);
    }

    private static List<Score> missing(List<Sample> samples, RewardFailure policy, RewardException reason) {
        if (policy == RewardFailure.FAIL) {
            throw reason;
        }
        return Collections.nCopies(samples.size(), new Score.Missing(reason, policy));
    }

    /** One number per sample, some of them perhaps not finite. */
    private static double[] unchecked(RewardFunction reward, List<Sample> samples) {
        double @Nullable [] scores;
        try {
            scores = reward.score(samples);
        } catch (Error e) {
            throw e;
        } catch (Throwable e) { // checked ones too, which other languages throw undeclared
            throw known(reward, samples, e);
        }
        if (scores == null || scores.length != samples.size()) {
            throw RewardException.wrongLength(
                    reward.name(), samples.size(), scores == null ? "null" : scores.length + " scores");
        }
        return scores;
    }

    private static RewardException known(RewardFunction reward, List<Sample> samples, Throwable failure) {
        if (failure instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
        return failure instanceof RewardException known
                ? known
                : RewardException.threw(reward.name(), samples.size(), failure);
    }
}
