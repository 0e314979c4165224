package dev.rlcm.optim;

import dev.rlcm.check.Check;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.nio.FloatBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An exponential moving average of parameters in tensors of its own, which sessions read while the parameters are trained, as a
 * target network does: after every step average += (1 - decay) (parameter - average), in FLOAT32, at the same decay from the first
 * step on. It begins as a copy of the parameters. For an average that takes the parameters' place, see {@link MovingAverage}.
 *
 * <p>Not thread-safe. The tensors are in direct buffers that running sessions may read between updates; nothing needs closing.
 */
public final class AveragedWeights {
    private final Map<String, TensorData> parameters;
    private final Map<String, TensorData> averages = new LinkedHashMap<>();
    private final float share;

    /**
     * An average that has seen the parameters as they are now.
     *
     * @param parameters FLOAT32, live
     * @param decay in [0, 1): 0 follows the parameters at once
     */
    public AveragedWeights(Map<String, TensorData> parameters, double decay) {
        Check.that(decay >= 0 && decay < 1, "decay", "in [0, 1)", decay);
        this.parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        this.share = (float) (1 - decay);
        parameters.forEach(
                (name, parameter) -> averages.put(name, TensorData.floats(parameter.shape(), parameter.toFloats())));
    }

    /** The live averages, by the names and in the order of the parameters. */
    public Map<String, TensorData> tensors() {
        return Collections.unmodifiableMap(averages);
    }

    /** Moves towards the present parameters. */
    public void update() {
        float[] live = new float[FloatBlocks.SIZE];
        float[] average = new float[FloatBlocks.SIZE];
        parameters.forEach((name, parameter) -> {
            FloatBuffer from = parameter.floats();
            FloatBuffer to = averages.get(name).floats();
            FloatBlocks.forEach(to.limit(), (at, length) -> {
                from.get(at, live, 0, length);
                to.get(at, average, 0, length);
                for (int i = 0; i < length; i++) {
                    average[i] += share * (live[i] - average[i]);
                }
                to.put(at, average, 0, length);
            });
        });
    }

    /**
     * Continues from the averages of another run, which are copied.
     *
     * @throws IllegalArgumentException if one is missing or of another shape; nothing is restored then
     */
    public void restore(Map<String, TensorData> saved) {
        averages.forEach((name, average) -> {
            TensorData other = saved.get(name);
            Shape shape = average.shape();
            if (other == null
                    || other.type() != average.type()
                    || !other.shape().equals(shape)) {
                throw new IllegalArgumentException("the average of " + name + " must be " + average + ", got "
                        + (other == null ? "none" : other.toString()));
            }
        });
        averages.forEach((name, average) -> average.bytes().put(saved.get(name).bytes()));
    }
}
