package dev.rlcm.examples.gradients;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The gradients of a loss by a model's outputs, from which the backward pass starts. */
public final class UpstreamGradients {
    private UpstreamGradients() {}

    /**
     * One tensor for each floating-point output, of its type and shape.
     *
     * @param file an .npy for the only such output, or an .npz or .safetensors with arrays named as outputs; none for ones
     */
    public static Map<String, TensorData> of(Graph graph, @Nullable Path file) throws IOException {
        List<String> names = graph.outputs().keySet().stream()
                .filter(name -> graph.output(name).type().isFloating())
                .toList();
        if (names.isEmpty()) {
            throw new IllegalArgumentException(
                    "no output is of a floating-point type, so there is nothing to differentiate: " + graph.outputs());
        }
        Map<String, TensorData> given = file == null ? Map.of() : read(file, names);
        if (!names.containsAll(given.keySet())) {
            throw new IllegalArgumentException(file + " holds " + given.keySet()
                    + ", it must hold arrays for some of the floating-point outputs " + names);
        }
        Map<String, TensorData> upstream = new LinkedHashMap<>();
        for (String name : names) {
            Value output = graph.output(name);
            double absent = file == null ? 1 : 0;
            upstream.put(
                    name,
                    given.containsKey(name)
                            ? TensorFiles.convert("the upstream gradient of " + name, given.get(name), output)
                            : TensorData.generate(output.type(), output.shape(), i -> absent));
        }
        return upstream;
    }

    private static Map<String, TensorData> read(Path file, List<String> names) throws IOException {
        if (!TensorFiles.hasEnding(file, ".npy")) {
            return TensorFiles.read(file);
        }
        if (names.size() > 1) {
            throw new IllegalArgumentException("the model has the outputs " + names
                    + ", one array for all is ambiguous; " + "name them in an .npz or .safetensors instead of " + file);
        }
        return Map.of(names.get(0), Npy.read(file));
    }
}
