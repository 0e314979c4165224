package dev.rlcm.reward;

import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Applies a function to the samples of each prompt. */
record PerPromptReward(Function<? super List<Sample>, double[]> scorer) implements RewardFunction {
    @Override
    public double[] score(List<Sample> samples) {
        double[] scores = new double[samples.size()];
        for (int[] positions : SampleGroups.byPrompt(samples)) {
            List<Sample> group = IntStream.of(positions).mapToObj(samples::get).toList();
            double[] part;
            try {
                part = CheckedReward.score(scorer::apply, group);
            } catch (RewardException e) {
                throw e.at(positions);
            }
            for (int i = 0; i < part.length; i++) {
                scores[positions[i]] = part[i];
            }
        }
        return scores;
    }

    @Override
    public RewardScope scope() {
        return RewardScope.PROMPT;
    }

    @Override
    public String name() {
        return "custom reward";
    }
}
