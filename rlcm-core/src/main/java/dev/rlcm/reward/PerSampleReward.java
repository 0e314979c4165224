package dev.rlcm.reward;

import java.util.List;
import java.util.function.ToDoubleFunction;

/** Applies a function to each sample. */
record PerSampleReward(ToDoubleFunction<? super Sample> scorer) implements RewardFunction {
    @Override
    public double[] score(List<Sample> samples) {
        double[] scores = new double[samples.size()];
        for (int i = 0; i < scores.length; i++) {
            try {
                scores[i] = scorer.applyAsDouble(samples.get(i));
            } catch (Error e) {
                throw e;
            } catch (Throwable e) { // checked ones too, which other languages throw undeclared
                throw RewardException.threw(name(), i, samples.get(i), e);
            }
        }
        return scores;
    }

    @Override
    public String name() {
        return "custom reward";
    }
}
