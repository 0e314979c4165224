package dev.rlcm.reward;

import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Applies a function to the samples of each prompt.
 *
 * @param paused whether what the function calls is away, see {@link RewardFunction#isPaused}
 */
record PerPromptReward(Function<? super List<Sample>, double[]> scorer, BooleanSupplier paused)
        implements RewardFunction {
    PerPromptReward(Function<? super List<Sample>, double[]> scorer) {
        this(scorer, () -> false);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return Score.numbers(attempt(samples, RewardFailure.FAIL));
    }

    /** A prompt whose samples cannot be compared does not keep the others from being scored. */
    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        Score[] scores = new Score[samples.size()];
        for (int[] positions : SampleGroups.byPrompt(samples)) {
            List<Sample> group = IntStream.of(positions).mapToObj(samples::get).toList();
            try {
                List<Score> part = CheckedReward.attempt(scorer::apply, group, policy);
                for (int i = 0; i < positions.length; i++) {
                    scores[positions[i]] = part.get(i).at(positions);
                }
            } catch (RewardException e) {
                throw e.at(positions);
            }
        }
        return List.of(scores);
    }

    @Override
    public RewardScope scope() {
        return RewardScope.PROMPT;
    }

    @Override
    public boolean isPaused() {
        return paused.getAsBoolean();
    }

    @Override
    public String name() {
        return "custom reward";
    }
}
