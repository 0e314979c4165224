package dev.rlcm.ppo;

import dev.rlcm.graph.TensorData;
import dev.rlcm.optim.GradientDescent;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** What an update changes, as it was before, so that an update that fails can be taken back. */
final class Snapshot {
    private final Map<String, TensorData> parameters;
    private final Map<String, float[]> values = new LinkedHashMap<>();
    private final GradientDescent descent;
    private final Map<String, TensorData> state;

    private Snapshot(Map<String, TensorData> parameters, GradientDescent descent) {
        this.parameters = parameters;
        this.descent = descent;
        this.state = descent.state();
        parameters.forEach((name, parameter) -> values.put(name, parameter.toFloats()));
    }

    static Snapshot of(Map<String, TensorData> parameters, GradientDescent descent) {
        return new Snapshot(parameters, descent);
    }

    void restore() {
        parameters.forEach((name, parameter) -> {
            FloatBuffer live = parameter.floats();
            live.put(0, values.get(name));
        });
        descent.restore(state);
    }
}
