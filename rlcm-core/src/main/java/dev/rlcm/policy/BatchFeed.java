package dev.rlcm.policy;

import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.nio.FloatBuffer;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** Direct buffers for the inputs of a compiled graph, filled row by row and used again at every run. */
final class BatchFeed {
    private final Map<String, TensorData> tensors = new LinkedHashMap<>();
    private final Map<String, FloatBuffer> views = new LinkedHashMap<>();

    /**
     * @param inputs the FLOAT32 inputs [B,...] to be filled
     * @param shared inputs that are fed as they are
     */
    BatchFeed(Collection<Value> inputs, Map<String, TensorData> shared) {
        for (Value input : inputs) {
            TensorData tensor = TensorData.zeros(input.type(), input.shape());
            tensors.put(input.label(), tensor);
            views.put(input.label(), tensor.floats());
        }
        tensors.putAll(shared);
    }

    /** What to run the graph with. */
    Map<String, TensorData> tensors() {
        return tensors;
    }

    void set(String input, int row, float... values) {
        view(input).put(row * values.length, values);
    }

    void set(Map<String, TensorData> conditioning, int row) {
        conditioning.forEach((input, values) -> {
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
