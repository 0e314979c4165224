package dev.rlcm.examples.bench;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.random.RandomStreams;
import java.util.LinkedHashMap;
import java.util.Map;

/** Inputs of networks for which any numbers will do. */
final class Noise {
    private static final double NOISIEST = 999;

    private Noise() {}

    /** Normal numbers at the noisiest timestep. */
    static TensorData of(Value input, RandomStreams random) {
        float[] draws = random.at(input.label()).gaussians((int) input.shape().size());
        boolean timestep = !input.type().isFloating() || input.label().equals(ConsistencyModel.TIMESTEP);
        return TensorData.generate(input.type(), input.shape(), i -> timestep ? NOISIEST : draws[i]);
    }

    /**
     * For all inputs of a graph.
     *
     * @param given tensors by name, used as they are
     */
    static Map<String, TensorData> inputs(Graph graph, RandomStreams random, Map<String, TensorData> given) {
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        for (Value input : graph.inputs()) {
            TensorData known = given.get(input.label());
            inputs.put(input.label(), known != null ? known : of(input, random));
        }
        return inputs;
    }
}
