package dev.rlcm.optim;

import dev.rlcm.check.Check;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Adam (arXiv:1412.6980, algorithm 1) with decoupled or L2 weight decay, on float32 parameters in place, as PyTorch
 * computes it: in float32, and eps is added to sqrt(vHat).
 *
 * <p>Buffers are read and written by absolute index from 0 to their limit; their positions do not move. Not thread-safe.
 * The parameters belong to the caller, who must not let a running session read them during {@link #step}.
 */
public final class AdamW implements Optimizer {
    private static final String STEP = "step";
    private static final String FIRST = "exp_avg.";
    private static final String SECOND = "exp_avg_sq.";

    private final List<FloatBuffer> parameters;
    private final AdamWConfig config;
    private final List<TensorData> firstMoments = new ArrayList<>();
    private final List<TensorData> secondMoments = new ArrayList<>();
    private final AdamWBlock block = new AdamWBlock();
    private long steps;

    /** An optimiser at step 0 with zero moments. */
    public AdamW(List<FloatBuffer> parameters, AdamWConfig config) {
        this.parameters = List.copyOf(parameters);
        this.config = config;
        for (FloatBuffer parameter : parameters) {
            if (parameter.isReadOnly()) {
                throw new IllegalArgumentException(
                        "parameter " + firstMoments.size() + " is read-only; copy what was memory-mapped");
            }
            firstMoments.add(TensorData.zeros(DataType.FLOAT32, Shape.of(parameter.limit())));
            secondMoments.add(TensorData.zeros(DataType.FLOAT32, Shape.of(parameter.limit())));
        }
    }

    @Override
    public void step(List<FloatBuffer> gradients, double factor) {
        checkGradients(parameters, gradients);
        Check.notNegative("factor", factor);
        steps++;
        double rate = config.learningRate() * factor;
        AdamWBlock.Rates rates = AdamWBlock.Rates.of(config, rate, steps);
        for (int p = 0; p < parameters.size(); p++) {
            block.step(
                    parameters.get(p),
                    gradients.get(p),
                    firstMoments.get(p).floats(),
                    secondMoments.get(p).floats(),
                    rates);
        }
    }

    /** How often {@link #step} updated the parameters. */
    public long steps() {
        return steps;
    }

    /** A copy of the state: the step count ({@code step}, INT64 []) and the moments by parameter index, FLOAT32 [size]. */
    @Override
    public Map<String, TensorData> state() {
        Map<String, TensorData> state = new LinkedHashMap<>();
        TensorData count = TensorData.zeros(DataType.INT64, Shape.SCALAR);
        count.setLong(0, steps);
        state.put(STEP, count);
        for (int p = 0; p < parameters.size(); p++) {
            state.put(FIRST + p, copy(firstMoments.get(p)));
            state.put(SECOND + p, copy(secondMoments.get(p)));
        }
        return state;
    }

    @Override
    public void restore(Map<String, TensorData> state) {
        Check.that(
                state.size() == 1 + 2 * parameters.size(),
                "the state of " + parameters.size() + " parameters",
                "1 + 2 x " + parameters.size() + " tensors",
                state.size());
        long count = required(state, STEP, DataType.INT64, Shape.SCALAR).getLong(0);
        Check.atLeast(0, STEP, count);
        List<TensorData> first = moments(state, FIRST);
        List<TensorData> second = moments(state, SECOND);
        steps = count;
        for (int p = 0; p < parameters.size(); p++) {
            firstMoments.get(p).bytes().put(first.get(p).bytes());
            secondMoments.get(p).bytes().put(second.get(p).bytes());
        }
    }

    /** The saved moments of all parameters, checked. */
    private List<TensorData> moments(Map<String, TensorData> state, String kind) {
        List<TensorData> moments = new ArrayList<>();
        for (int p = 0; p < parameters.size(); p++) {
            Shape shape = Shape.of(parameters.get(p).limit());
            moments.add(required(state, kind + p, DataType.FLOAT32, shape));
        }
        return moments;
    }

    /** @throws IllegalArgumentException if number or size differ or a gradient is not finite */
    static void checkGradients(List<FloatBuffer> parameters, List<FloatBuffer> gradients) {
        if (gradients.size() != parameters.size()) {
            throw new IllegalArgumentException(
                    "expected " + parameters.size() + " gradients, one per parameter, got " + gradients.size());
        }
        for (int p = 0; p < gradients.size(); p++) {
            FloatBuffer gradient = gradients.get(p);
            if (gradient.limit() != parameters.get(p).limit()) {
                throw new IllegalArgumentException("gradient " + p + " must have "
                        + parameters.get(p).limit() + " elements as its parameter, got " + gradient.limit());
            }
            int bad = FloatBlocks.firstNotFinite(gradient);
            if (bad >= 0) {
                throw new IllegalArgumentException("gradient " + p + " must be finite, got " + gradient.get(bad)
                        + " at element " + bad + "; skip the update or lower the learning rate");
            }
        }
    }

    private static TensorData required(Map<String, TensorData> state, String name, DataType type, Shape shape) {
        TensorData data = state.get(name);
        if (data == null || data.type() != type || !data.shape().equals(shape)) {
            throw new IllegalArgumentException(name + " must be " + type + shape + ", got "
                    + (data == null ? "none; the state is of other parameters" : data.toString()));
        }
        return data;
    }

    private static TensorData copy(TensorData data) {
        TensorData copy = TensorData.zeros(data.type(), data.shape());
        copy.bytes().put(data.bytes());
        return copy;
    }
}
