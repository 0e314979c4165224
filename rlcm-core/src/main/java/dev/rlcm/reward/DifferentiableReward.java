package dev.rlcm.reward;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import java.util.Map;

/**
 * A reward that also offers its formula as a graph, so that it can be differentiated: then a policy learns from the reward's
 * gradient, instead of from many samples of its value. {@link #score} stays what reports and other algorithms use; the graph may
 * differ from it by what has no gradient, such as rounding to 8 bits.
 */
public interface DifferentiableReward extends RewardFunction {
    /** The name of the graph's pictures, FLOAT32 [B,3,H,W], in [0, 1]. */
    String PICTURE = "picture";

    /**
     * The rewards of a batch: inputs {@link #PICTURE} and the inputs of {@link #condition} with the batch axis, FLOAT32 [B,...];
     * one output FLOAT32 [B] of any name. Rows do not depend on each other. Graphs of different sizes share their constants.
     *
     * @param batch B, at least 1
     * @param height H in pixels
     * @param width W in pixels
     */
    Graph graph(int batch, int height, int width);

    /** What the graph needs to know of a prompt: by the name of the input one row, FLOAT32 without the batch axis. */
    default Map<String, TensorData> condition(String prompt) {
        return Map.of();
    }

    /** {@inheritDoc} It keeps its graph. */
    @Override
    default DifferentiableReward named(String name) {
        return new NamedDifferentiableReward(this, new NamedReward(this, name));
    }
}
