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
 * The exponential moving average of parameters: after the n-th step, average = d average + (1 - d) parameter with d =
 * min(decay, (1 + n) / (10 + n)). The second term forgets the initial values sooner than the decay alone would, as TensorFlow's
 * and diffusers' averages do. Kept in FLOAT64. Not thread-safe.
 */
public final class MovingAverage {
    private static final String AVERAGE = "average.";
    private static final String STEPS = "average_steps";

    private final List<FloatBuffer> parameters;
    private final double decay;
    private final List<double[]> averages = new ArrayList<>();
    private long steps;

    /**
     * Starts at the parameters as they are.
     *
     * @param parameters read in place; they belong to the caller
     * @param decay in [0, 1); 0 for no averaging
     */
    public MovingAverage(List<FloatBuffer> parameters, double decay) {
        Check.that(decay >= 0 && decay < 1, "decay", "in [0, 1)", decay);
        this.parameters = List.copyOf(parameters);
        this.decay = decay;
        parameters.forEach(parameter -> averages.add(new double[parameter.limit()]));
        reset();
    }

    /** Begins anew at the parameters as they are. */
    public void reset() {
        steps = 0;
        average(0);
    }

    /** Takes in the parameters as they are. To be called after every optimiser step. */
    public void update() {
        steps++;
        average(Math.min(decay, (1.0 + steps) / (10.0 + steps)));
    }

    private void average(double weight) {
        for (int p = 0; p < averages.size(); p++) {
            double[] average = averages.get(p);
            FloatBuffer parameter = parameters.get(p);
            for (int i = 0; i < average.length; i++) {
                average[i] = weight * average[i] + (1 - weight) * parameter.get(i);
            }
        }
    }

    /**
     * Puts the averages, rounded to FLOAT32, in the place of the parameters.
     *
     * @return puts the parameters back, bit for bit, when it is closed; do not train before
     */
    public Applied apply() {
        List<float[]> live = new ArrayList<>();
        for (int p = 0; p < averages.size(); p++) {
            FloatBuffer parameter = parameters.get(p);
            float[] values = new float[parameter.limit()];
            parameter.get(0, values);
            live.add(values);
            for (int i = 0; i < values.length; i++) {
                parameter.put(i, (float) averages.get(p)[i]);
            }
        }
        return () -> {
            for (int p = 0; p < live.size(); p++) {
                parameters.get(p).put(0, live.get(p));
            }
        };
    }

    /** Averages in the place of parameters, until it is closed. */
    @FunctionalInterface
    public interface Applied extends AutoCloseable {
        @Override
        void close();
    }

    /** All that a later run needs to continue bit for bit: FLOAT64 averages and the INT64 number of steps. Copies. */
    public Map<String, TensorData> state() {
        Map<String, TensorData> state = new LinkedHashMap<>();
        for (int p = 0; p < averages.size(); p++) {
            state.put(AVERAGE + p, TensorData.doubles(Shape.of(averages.get(p).length), averages.get(p)));
        }
        state.put(STEPS, TensorData.longs(Shape.SCALAR, steps));
        return state;
    }

    /**
     * Continues from a {@link #state}.
     *
     * @throws IllegalArgumentException if it is of other parameters; nothing is restored then
     */
    public void restore(Map<String, TensorData> state) {
        List<TensorData> saved = new ArrayList<>();
        for (int p = 0; p < averages.size(); p++) {
            saved.add(required(state, AVERAGE + p, DataType.FLOAT64, Shape.of(averages.get(p).length)));
        }
        steps = required(state, STEPS, DataType.INT64, Shape.SCALAR).getLong(0);
        for (int p = 0; p < averages.size(); p++) {
            double[] average = averages.get(p);
            for (int i = 0; i < average.length; i++) {
                average[i] = saved.get(p).getDouble(i);
            }
        }
    }

    private static TensorData required(Map<String, TensorData> state, String name, DataType type, Shape shape) {
        TensorData data = state.get(name);
        if (data == null || data.type() != type || !data.shape().equals(shape)) {
            throw new IllegalArgumentException("not an average of these parameters: " + name + " must be " + type
                    + shape + ", got " + (data == null ? "none" : data.toString()));
        }
        return data;
    }
}
