package dev.rlcm.reward;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Applies a function to each sample. */
record PerSampleReward(ToDoubleFunction<? super Sample> scorer) implements RewardFunction {
    @Override
    public double[] score(List<Sample> samples) {
        double[] scores = new double[samples.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = score(i, samples.get(i));
        }
        return scores;
    }

    /** A sample that cannot be scored does not keep the others from being scored. */
    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        if (policy == RewardFailure.FAIL) {
            return CheckedReward.attemptByScore(this, samples, policy);
        }
        List<Score> scores = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            scores.add(attempt(i, samples.get(i), policy));
        }
        return List.copyOf(scores);
    }

    private Score attempt(int index, Sample sample, RewardFailure policy) {
        try {
            double score = score(index, sample);
            return Double.isFinite(score)
                    ? new Score.Value(score)
                    : new Score.Missing(RewardException.notFinite(name(), index, sample, score), policy);
        } catch (RewardException e) {
            return new Score.Missing(e, policy);
        }
    }

    private double score(int index, Sample sample) {
        try {
            return scorer.applyAsDouble(sample);
        } catch (RewardException e) {
            throw e.atSample(index, sample);
        } catch (Error e) {
            throw e;
        } catch (Throwable e) { // checked ones too, which other languages throw undeclared
            throw RewardException.threw(name(), index, sample, e);
        }
    }

    @Override
    public String name() {
        return "custom reward";
    }
}
