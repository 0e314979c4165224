package dev.rlcm.optim;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which settings each parameter is optimised with. Stateless and thread-safe. */
@FunctionalInterface
public interface ParameterGroups {
    /** The settings of a parameter; parameters of equal settings form a group. */
    OptimizerConfig of(String name, Shape shape);

    /** The same settings for all. */
    static ParameterGroups all(OptimizerConfig config) {
        return new NamedGroups("all " + config, (name, shape) -> config);
    }

    /**
     * Weight decay for matrices and kernels only. Biases and the scales of normalisations, whose shapes have at most one axis
     * longer than 1, are left out, as is usual since Loshchilov and Hutter's AdamW was first used for transformers.
     */
    static ParameterGroups decayingMatrices(AdamWConfig config) {
        AdamWConfig vectors = config.withWeightDecay(0);
        return new NamedGroups("matrices " + config, (name, shape) -> isMatrix(shape) ? config : vectors);
    }

    private static boolean isMatrix(Shape shape) {
        int extents = 0;
        for (int dim : shape.toArray()) {
            extents += dim > 1 ? 1 : 0;
        }
        return extents > 1;
    }

    /** One optimiser of all parameters, at step 0, which takes gradients in the map's order. */
    default Optimizer optimizer(Map<String, TensorData> parameters) {
        Map<OptimizerConfig, List<Integer>> members = new LinkedHashMap<>();
        int next = 0;
        for (Map.Entry<String, TensorData> parameter : parameters.entrySet()) {
            OptimizerConfig config = of(parameter.getKey(), parameter.getValue().shape());
            members.computeIfAbsent(config, group -> new ArrayList<>()).add(next++);
        }
        return GroupedOptimizer.of(
                members, parameters.values().stream().map(TensorData::floats).toList());
    }
}
