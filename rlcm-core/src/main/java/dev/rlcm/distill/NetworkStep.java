package dev.rlcm.distill;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.rewrite.Rewriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A deterministic step as an expression over rows of different timesteps: a x + b m(x, t, ...). Inputs other than x are named
 * {@code <prefix>.<name>}, so that several networks share a graph.
 */
final class NetworkStep {
    private static final String SAMPLE_COEFFICIENT = "sample_coefficient";
    private static final String MODEL_COEFFICIENT = "model_coefficient";

    private final String prefix;
    private final Set<String> parameters;
    private final List<Value> inputs = new ArrayList<>();
    private final Value result;

    /**
     * The step of a network.
     *
     * @param parameters names of inputs that are not filled by rows
     * @param x [B,C,h,w]
     */
    NetworkStep(String prefix, Graph network, Set<String> parameters, Value x) {
        this.prefix = prefix;
        this.parameters = parameters;
        Map<Value, Value> replaced = new IdentityHashMap<>();
        for (Value input : network.inputs()) {
            boolean isSample = input.label().equals(ConsistencyModel.SAMPLE);
            replaced.put(input, isSample ? x : input(input.label(), input.type(), input.shape()));
        }
        Value output = Rewriter.rewrite(network, value -> replaced.getOrDefault(value, value))
                .outputs()
                .values()
                .iterator()
                .next();
        int[] spread = new int[x.rank()];
        Arrays.fill(spread, 1);
        spread[0] = x.dim(0);
        Shape rows = Shape.of(x.dim(0));
        Value a = input(SAMPLE_COEFFICIENT, DataType.FLOAT32, rows).reshape(spread);
        Value b = input(MODEL_COEFFICIENT, DataType.FLOAT32, rows).reshape(spread);
        this.result = a.mul(x).add(b.mul(output));
    }

    private Value input(String name, DataType type, Shape shape) {
        Value input = Value.input(name(name), type, shape);
        if (!parameters.contains(name)) {
            inputs.add(input);
        }
        return input;
    }

    /** What is filled row by row: all inputs but x and the parameters. */
    List<Value> inputs() {
        return inputs;
    }

    /** The name in the graph of an input of the network. */
    String name(String input) {
        return prefix + "." + input;
    }

    /** Tensors by the names in the graph of the network's inputs that they are for. */
    Map<String, TensorData> named(Map<String, TensorData> tensors) {
        Map<String, TensorData> named = new LinkedHashMap<>();
        tensors.forEach((input, tensor) -> named.put(name(input), tensor));
        return named;
    }

    /** [B,C,h,w]. */
    Value result() {
        return result;
    }

    /**
     * Fills a row.
     *
     * @param step whose input scale is 1, as those of variance-preserving processes are
     * @throws IllegalArgumentException if the network is not conditioned on what is given
     */
    void feed(RowBuffers buffers, int row, GaussianStep step, Map<String, TensorData> conditioning) {
        buffers.set(name(ConsistencyModel.TIMESTEP), row, (float) step.timestep());
        buffers.set(name(SAMPLE_COEFFICIENT), row, (float) step.sampleCoefficient());
        buffers.set(name(MODEL_COEFFICIENT), row, (float) step.modelCoefficient());
        conditioning.forEach((name, values) -> buffers.set(name(name), row, values));
    }
}
