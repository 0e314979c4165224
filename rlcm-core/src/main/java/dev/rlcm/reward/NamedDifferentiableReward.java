package dev.rlcm.reward;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import java.util.List;
import java.util.Map;

/**
 * See {@link DifferentiableReward#named}.
 *
 * @param reward whose graph it is
 * @param scores the same under the name
 */
record NamedDifferentiableReward(DifferentiableReward reward, NamedReward scores) implements DifferentiableReward {
    @Override
    public String name() {
        return scores.name();
    }

    @Override
    public RewardScope scope() {
        return scores.scope();
    }

    @Override
    public double[] score(List<Sample> samples) {
        return scores.score(samples);
    }

    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        return scores.attempt(samples, policy);
    }

    @Override
    public boolean isPaused() {
        return scores.isPaused();
    }

    @Override
    public Graph graph(int batch, int height, int width) {
        return reward.graph(batch, height, width);
    }

    @Override
    public Map<String, TensorData> condition(String prompt) {
        return reward.condition(prompt);
    }
}
