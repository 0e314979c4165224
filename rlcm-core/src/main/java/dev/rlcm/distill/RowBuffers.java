package dev.rlcm.distill;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.nio.FloatBuffer;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** Direct buffers for inputs [B,...], filled row by row and used again at every batch. */
final class RowBuffers {
    private final Map<String, TensorData> tensors = new LinkedHashMap<>();
    private final Map<String, FloatBuffer> views = new LinkedHashMap<>();

    void add(Collection<Value> inputs) {
        for (Value input : inputs) {
            TensorData tensor = TensorData.zeros(input.type(), input.shape());
            tensors.put(input.label(), tensor);
            views.put(input.label(), tensor.floats());
        }
    }

    TensorData tensor(String input) {
        return tensors.get(input);
    }

    /** The buffers of those inputs of a graph that have one. */
    Map<String, TensorData> of(Graph graph) {
        Map<String, TensorData> own = new LinkedHashMap<>();
        for (Value input : graph.inputs()) {
            TensorData tensor = tensors.get(input.label());
            if (tensor != null) {
                own.put(input.label(), tensor);
            }
        }
        return own;
    }

    void set(String input, int row, float... values) {
        views.get(input).put(row * values.length, values);
    }

    /**
     * Fills a row.
     *
     * @throws IllegalArgumentException if there is no such input, or its rows are of another size
     */
    void set(String input, int row, TensorData values) {
        TensorData tensor = tensors.get(input);
        int size = values.size();
        if (tensor == null || tensor.size() != size * tensor.shape().dim(0)) {
            throw new IllegalArgumentException("a row of " + input + " is " + values + ", the network takes "
                    + (tensor == null ? "no such input" : "rows of " + tensor));
        }
        views.get(input).put(row * size, values.floats(), 0, size);
    }
}
