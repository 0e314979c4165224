package dev.rlcm.policy;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** Direct buffers for the inputs of a compiled graph, filled row by row and used again at every run. */
final class BatchFeed {
    private final Map<String, TensorData> tensors = new LinkedHashMap<>();
    private final Map<String, FloatBuffer> views = new LinkedHashMap<>();
    private final Map<String, Value> conditioning = new LinkedHashMap<>();

    /**
     * @param inputs the FLOAT32 inputs [B,...] to be filled
     * @param own the labels of those among them that do not come from a prompt's conditioning
     * @param shared inputs that are fed as they are
     */
    BatchFeed(Collection<Value> inputs, Set<String> own, Map<String, TensorData> shared) {
        for (Value input : inputs) {
            TensorData tensor = TensorData.zeros(input.type(), input.shape());
            tensors.put(input.label(), tensor);
            views.put(input.label(), tensor.floats());
            if (!own.contains(input.label())) {
                conditioning.put(input.label(), input);
            }
        }
        tensors.putAll(shared);
    }

    /** What to run the graph with. */
    Map<String, TensorData> tensors() {
        return tensors;
    }

    /**
     * Refuses conditioning that would leave an input as it was in the batch before, or land in another row.
     *
     * @param row the conditioning that the host's model gives for one prompt
     * @param prompt for the message
     * @throws IllegalArgumentException if names, types or shapes are not those of the denoiser's conditioning inputs
     */
    void check(Map<String, TensorData> row, String prompt) {
        if (!row.keySet().equals(conditioning.keySet())) {
            Set<String> missing = new LinkedHashSet<>(conditioning.keySet());
            missing.removeAll(row.keySet());
            Set<String> unknown = new LinkedHashSet<>(row.keySet());
            unknown.removeAll(conditioning.keySet());
            throw new IllegalArgumentException("the conditioning of \"" + prompt + "\" must have the denoiser's inputs "
                    + conditioning.keySet() + (missing.isEmpty() ? "" : ", lacks " + missing)
                    + (unknown.isEmpty() ? "" : ", has unknown " + unknown));
        }
        row.forEach((name, values) -> {
            Value input = conditioning.get(name);
            int[] dims = input.shape().toArray();
            Shape expected = Shape.of(Arrays.copyOfRange(dims, 1, dims.length));
            if (values.type() != input.type() || !values.shape().equals(expected)) {
                throw new IllegalArgumentException("the conditioning " + name + " of \"" + prompt + "\" must be "
                        + input.type() + expected + ", got " + values.type() + values.shape());
            }
        });
    }

    void set(String input, int row, float... values) {
        view(input).put(row * values.length, values);
    }

    /** @param conditioned as {@link #check} takes it */
    void set(Map<String, TensorData> conditioned, int row) {
        conditioned.forEach((input, values) -> {
            FloatBuffer source = values.floats();
            view(input).put(row * source.remaining(), source, 0, source.remaining());
        });
    }

    private FloatBuffer view(String input) {
        FloatBuffer view = views.get(input);
        if (view == null) {
            throw new IllegalArgumentException("the denoiser has no input " + input + "; it has " + views.keySet());
        }
        return view;
    }
}
