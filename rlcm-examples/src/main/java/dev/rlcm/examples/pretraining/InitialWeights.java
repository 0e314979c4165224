package dev.rlcm.examples.pretraining;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.random.RandomStreams;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.random.RandomGenerator;

/**
 * Weights to begin training with. What a weight is, its first use in the graph tells, since exports lose many names:
 *
 * <ul>
 *   <li>matrices and kernels are uniform within 1 / sqrt(fan-in), as Kaiming initialisation (He et al., arXiv:1502.01852) with the
 *       slope sqrt(5) gives and PyTorch's linear and convolution layers begin;
 *   <li>embeddings, of tokens, of positions, or put before the others, are normal with deviation 0.02, as CLIP's of tokens are;
 *   <li>scales of normalisations are 1, biases 0.
 * </ul>
 */
final class InitialWeights {
    private static final double EMBEDDING = 0.02;
    private static final Set<Op> VIEWS = Set.of(Op.RESHAPE, Op.TRANSPOSE, Op.EXPAND, Op.CAST);

    private InitialWeights() {}

    /**
     * Overwrites parameters.
     *
     * @param output of the network, with the parameters as inputs
     * @throws GraphException if the use of one does not tell what it is
     */
    static void draw(Value output, Map<String, TensorData> parameters, RandomStreams random) {
        Map<Value, String> weights = new HashMap<>(); // and views of them
        Set<String> drawn = new HashSet<>();
        for (Value node : Graph.topologicalOrder(List.of(output))) {
            if (node.is(Op.INPUT) && parameters.containsKey(node.label())) {
                weights.put(node, node.label());
            } else if (VIEWS.contains(node.op()) && weights.containsKey(node.in(0))) {
                weights.put(node, weights.get(node.in(0)));
            } else {
                for (int i = 0; i < node.inputs().size(); i++) {
                    String name = weights.get(node.in(i));
                    if (name != null && drawn.add(name)) {
                        fill(
                                parameters.get(name),
                                draws(node, i, random.at(name).generator()));
                    }
                }
            }
        }
    }

    private static DoubleSupplier draws(Value node, int operand, RandomGenerator generator) {
        Shape shape = node.in(operand).shape();
        return switch (node.op()) {
            case CONV, CONV_TRANSPOSE -> operand == 2 ? () -> 0 : uniform(shape.size() / shape.dim(0), generator);
            case MATMUL -> uniform(shape.dim(contracted(node, operand)), generator);
            case GATHER, CONCAT -> normal(generator);
            case ADD -> isMatrix(shape) ? normal(generator) : () -> 0;
            case MUL -> () -> 1;
            case GROUP_NORM, INSTANCE_NORM, LAYER_NORM -> operand == 1 ? () -> 1 : () -> 0;
            default -> throw new GraphException("cannot tell how the weight " + node.in(operand)
                    + " begins from its use by " + node + "; continue from the model's own weights");
        };
    }

    /** Which axis of a matrix is summed over. */
    private static int contracted(Value product, int operand) {
        boolean transposed = product.attributes().flag(operand == 0 ? "transA" : "transB");
        int rank = product.in(operand).rank();
        return transposed == (operand == 0) ? rank - 2 : rank - 1;
    }

    private static DoubleSupplier uniform(long fanIn, RandomGenerator generator) {
        double bound = 1 / Math.sqrt((double) fanIn);
        return () -> generator.nextDouble(-bound, bound);
    }

    private static DoubleSupplier normal(RandomGenerator generator) {
        return () -> EMBEDDING * generator.nextGaussian();
    }

    /** Biases have one axis that is longer than 1. */
    private static boolean isMatrix(Shape shape) {
        return Arrays.stream(shape.toArray()).filter(dim -> dim > 1).count() > 1;
    }

    private static void fill(TensorData weight, DoubleSupplier draws) {
        for (int i = 0; i < weight.size(); i++) {
            weight.setDouble(i, draws.getAsDouble());
        }
    }
}
