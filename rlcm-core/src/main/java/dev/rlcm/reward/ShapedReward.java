package dev.rlcm.reward;

import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** A function of another reward's scores, which does not depend on the other samples. */
record ShapedReward(RewardFunction reward, DoubleUnaryOperator shape, String name) implements RewardFunction {
    static RewardFunction clipped(RewardFunction reward, double low, double high) {
        if (!(low < high)) {
            throw new IllegalArgumentException("reward \"" + reward.name()
                    + "\" must be clipped to a low bound less than the high one, got " + low + " and " + high);
        }
        return new ShapedReward(
                reward,
                score -> Math.max(low, Math.min(high, score)),
                reward.name() + " from " + number(low) + " to " + number(high));
    }

    static RewardFunction atLeast(RewardFunction reward, double enough) {
        if (!Double.isFinite(enough)) {
            throw new IllegalArgumentException(
                    "what is enough of reward \"" + reward.name() + "\" must be finite, got " + enough);
        }
        return new ShapedReward(
                reward, score -> Math.min(enough, score), reward.name() + " at least " + number(enough));
    }

    /** Without the fraction of whole numbers. */
    static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return Score.numbers(attempt(samples, RewardFailure.FAIL));
    }

    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        return CheckedReward.attempt(reward, samples, policy).stream()
                .map(score -> score instanceof Score.Value known
                        ? new Score.Value(shape.applyAsDouble(known.value()))
                        : score)
                .toList();
    }

    @Override
    public RewardScope scope() {
        return reward.scope();
    }

    @Override
    public boolean isPaused() {
        return reward.isPaused();
    }
}
