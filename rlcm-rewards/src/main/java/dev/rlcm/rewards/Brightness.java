package dev.rlcm.rewards;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.reward.DifferentiableReward;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import java.util.List;

/**
 * See {@link PixelStatistics#brightness}.
 *
 * @param scores the same from samples
 */
record Brightness(RewardFunction scores) implements DifferentiableReward {
    @Override
    public double[] score(List<Sample> samples) {
        return scores.score(samples);
    }

    @Override
    public String name() {
        return scores.name();
    }

    @Override
    public Graph graph(int batch, int height, int width) {
        Value picture = Value.input(PICTURE, DataType.FLOAT32, Shape.of(batch, 3, height, width));
        Value weights = Value.constant(
                TensorData.generate(DataType.FLOAT32, Shape.of(1, 3, 1, 1), i -> PixelStatistics.LUMA[i]));
        Value luma = picture.clip(0, 1).mul(weights).sum(false, 1); // [B,H,W]
        return Graph.of("brightness", luma.mean(false, 1, 2));
    }
}
