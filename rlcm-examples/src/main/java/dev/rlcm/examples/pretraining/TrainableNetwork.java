package dev.rlcm.examples.pretraining;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.rewrite.OpenWeights;
import dev.rlcm.rewrite.Rewriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** A network of an ONNX file whose weights are trained. Its nodes, names and symbolic dimensions stay. Not thread-safe. */
final class TrainableNetwork {
    private final String prefix;
    private final Path file;
    private final Value output;
    private final Map<String, TensorData> parameters;

    private TrainableNetwork(String prefix, Path file, Value output, Map<String, TensorData> parameters) {
        this.prefix = prefix;
        this.file = file;
        this.output = output;
        this.parameters = Collections.unmodifiableMap(parameters);
    }

    /**
     * Copies the weights.
     *
     * @param name tells the network's parameters from those of others
     * @param file holds the weights by their names
     * @param output of the network, with its weights as constants
     * @param weights names of FLOAT32 constants
     * @throws GraphException if there is no such constant
     */
    static TrainableNetwork of(String name, Path file, Value output, Collection<String> weights) {
        String prefix = name + "/";
        Graph graph = Graph.of(name, output);
        Map<String, TensorData> constants = OpenWeights.of(graph);
        Map<String, TensorData> parameters = new LinkedHashMap<>();
        Map<String, Value> inputs = new LinkedHashMap<>();
        for (String weight : weights) {
            TensorData constant = constants.get(weight);
            if (constant == null || constant.type() != DataType.FLOAT32) {
                throw new GraphException(file + ": the weight " + weight + " must be a FLOAT32 constant, got "
                        + (constant == null ? "none" : constant + "; export the model in FLOAT32"));
            }
            parameters.put(prefix + weight, TensorData.floats(constant.shape(), constant.toFloats()));
            inputs.put(weight, Value.input(prefix + weight, DataType.FLOAT32, constant.shape()));
        }
        Graph open = Rewriter.rewrite(
                graph, value -> value.is(Op.CONSTANT) ? inputs.getOrDefault(value.label(), value) : value);
        return new TrainableNetwork(prefix, file, open.output(name), parameters);
    }

    /** The live numbers that are trained, by the names of the inputs that stand for them. */
    Map<String, TensorData> parameters() {
        return parameters;
    }

    /** Draws all weights anew, see {@link InitialWeights}. */
    void drawWeights(RandomStreams random) {
        InitialWeights.draw(output, parameters, random);
    }

    /** The output for other values in place of the network's inputs, by their names. */
    Value on(Map<String, Value> inputs) {
        Graph placed = Rewriter.rewrite(
                Graph.of(prefix, output),
                value -> value.is(Op.INPUT) ? inputs.getOrDefault(value.label(), value) : value);
        return placed.output(prefix);
    }

    /** Puts weights into the file, by the names of {@link #parameters}; others are left out. */
    void save(Map<String, TensorData> weights) throws IOException {
        Map<String, TensorData> own = new LinkedHashMap<>();
        parameters.keySet().forEach(name -> own.put(name.substring(prefix.length()), weights.get(name)));
        OnnxModels.saveWeights(file, own, file);
    }
}
