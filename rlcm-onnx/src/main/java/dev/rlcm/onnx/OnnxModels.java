package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.onnx.exporter.Dialect;
import dev.rlcm.onnx.exporter.OnnxWriter;
import dev.rlcm.onnx.format.ExternalData;
import dev.rlcm.onnx.format.ModelFile;
import dev.rlcm.onnx.format.OnnxTensors;
import dev.rlcm.onnx.importer.InputBinding;
import dev.rlcm.onnx.importer.OnnxImporter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** ONNX files as graphs and graphs as ONNX files. Stateless and thread-safe. */
public final class OnnxModels {
    private static final String IN_MEMORY = "the model in memory";

    private OnnxModels() {}

    /**
     * Reads a model (opset 7 to 23, weights inside or in external data files beside it).
     *
     * @param file the {@code .onnx} file
     * @param dims extents of symbolic dimensions by name, for example {@code batch_size} to 4; names that the model does
     *     not use are ignored
     * @return the graph, all shapes static; nodes are labelled {@code /<module path>/<operator>} where the file tells the
     *     module (in names, PyTorch's metadata or names of weights), else with their names; weights are memory-mapped
     *     where they are external data. Types are the file's: {@link dev.rlcm.precision.SinglePrecision} makes a graph of
     *     16-bit reals one of FLOAT32
     * @throws IOException if the file is missing, truncated or no ONNX model
     * @throws GraphException if the model is of another opset, holds operators or types that cannot be imported (the
     *     message lists all of them), leaves a dimension unbound, or is inconsistent
     */
    public static Graph load(Path file, Map<String, Integer> dims) throws IOException {
        return load(file, dims, Set.of());
    }

    /**
     * Reads a model as {@link #load(Path, Map)} does, for training whole weights.
     *
     * @param trained initializers that the graph holds as the file does: else one that the model transposes before use,
     *     as newer PyTorch exports do, would be found in {@link #weights} transposed; names of others are ignored
     */
    public static Graph load(Path file, Map<String, Integer> dims, Set<String> trained) throws IOException {
        return load(file, new InputBinding(Map.copyOf(dims), Map.of()), trained, false, ReadOptions.defaults());
    }

    /**
     * Reads a model as {@link #load} does.
     *
     * @param inputShapes the shape of each input by name; an input whose dimensions are all fixed, or bound through
     *     another input, may be left out
     */
    public static Graph loadWithShapes(Path file, Map<String, Shape> inputShapes) throws IOException {
        return loadWithShapes(file, inputShapes, Set.of());
    }

    /** Both of {@link #loadWithShapes(Path, Map)} and {@link #load(Path, Map, Set)}. */
    public static Graph loadWithShapes(Path file, Map<String, Shape> inputShapes, Set<String> trained)
            throws IOException {
        return loadWithShapes(file, inputShapes, trained, ReadOptions.defaults());
    }

    /** As {@link #loadWithShapes(Path, Map, Set)}, with external data and module paths as the options say. */
    public static Graph loadWithShapes(
            Path file, Map<String, Shape> inputShapes, Set<String> trained, ReadOptions options) throws IOException {
        return load(file, new InputBinding(Map.of(), Map.copyOf(inputShapes)), Set.copyOf(trained), false, options);
    }

    /**
     * Reads a model as {@link #loadWithShapes(Path, Map)} does, from memory, as a resource on the class path is.
     *
     * @param model the content of an {@code .onnx} file whose weights are in it
     * @throws IOException if it is truncated or no ONNX model
     */
    public static Graph loadWithShapes(ByteBuffer model, Map<String, Shape> inputShapes) throws IOException {
        return OnnxImporter.importModel(
                ModelFile.parse(model, IN_MEMORY),
                OnnxTensors.inMemory(),
                new InputBinding(Map.of(), Map.copyOf(inputShapes)),
                Set.of());
    }

    /**
     * Reads a model as {@link #loadWithShapes} does, to look at rather than to run: weights stay in the memory-mapped
     * file also where they are part of the model, at whatever address that is.
     */
    public static Graph skim(Path file, Map<String, Shape> inputShapes) throws IOException {
        return skim(file, inputShapes, ReadOptions.defaults());
    }

    /** As {@link #skim(Path, Map)}, with external data and module paths as the options say. */
    public static Graph skim(Path file, Map<String, Shape> inputShapes, ReadOptions options) throws IOException {
        return load(file, new InputBinding(Map.of(), Map.copyOf(inputShapes)), Set.of(), true, options);
    }

    private static Graph load(Path file, InputBinding binding, Set<String> trained, boolean mapped, ReadOptions options)
            throws IOException {
        ModelProto model = ModelFile.read(file);
        try {
            ExternalData external = new ExternalData(file, options.linksTrusted());
            Graph graph = OnnxImporter.importModel(model, new OnnxTensors(external, mapped), binding, trained);
            return options.paths().isEmpty() ? graph : LoraInjection.withPaths(graph, options.paths());
        } catch (GraphException e) {
            throw new GraphException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * What a model declares, without reading its weights.
     *
     * @throws IOException if the file is missing, truncated or no ONNX model
     * @throws GraphException if an input or output is not a tensor of a supported type
     */
    public static OnnxSignature inspect(Path file) throws IOException {
        return signature(ModelFile.read(file), file.toString());
    }

    /**
     * What a model in memory declares.
     *
     * @param model the content of an {@code .onnx} file
     * @see #inspect(Path)
     */
    public static OnnxSignature inspect(ByteBuffer model) throws IOException {
        return signature(ModelFile.parse(model, IN_MEMORY), IN_MEMORY);
    }

    private static OnnxSignature signature(ModelProto model, String name) {
        try {
            return OnnxSignature.of(model);
        } catch (GraphException | IllegalArgumentException | ArithmeticException e) {
            throw new GraphException(name + ": " + e.getMessage(), e);
        }
    }

    /**
     * Writes a graph as opset 17 plus ONNX Runtime's own operators (FusedMatMul, QuickGelu, Gelu), which ONNX Runtime
     * runs faster. Weights of more than 1.9 GB go to {@code <file>.data} beside it. Files appear complete or not at all.
     *
     * @throws IOException if the disk is full or not writable
     */
    public static void save(Graph graph, Path file) throws IOException {
        OnnxWriter.write(graph, file, Dialect.RUNTIME, OnnxWriter.MAX_INLINE_BYTES);
    }

    /** As {@link #save}, in standard operators only, for other runtimes and tools. */
    public static void savePortable(Graph graph, Path file) throws IOException {
        OnnxWriter.write(graph, file, Dialect.STANDARD, OnnxWriter.MAX_INLINE_BYTES);
    }

    /**
     * The real constants of a graph by name, in topological order: what {@link #differentiate} may name beside inputs. A
     * constant of a loaded model has the name of its initializer, or of what it was folded from, and the shape in which
     * the graph uses it, see {@link #load(Path, Map, Set)}. Names that several constants have are left out.
     *
     * @return the graph's own data, to be copied before it is changed
     */
    public static Map<String, TensorData> weights(Graph graph) {
        return JointGraph.weights(graph);
    }

    /**
     * Forward and backward as one graph.
     *
     * @param graph any graph
     * @param wrt what to differentiate with respect to, of a floating type: inputs, or {@link #weights} that thereby become
     *     inputs
     * @return a graph with the inputs of {@code graph}, an input {@code <weight>} per named weight, of its type and shape,
     *     and an input {@code upstream_<output>} per floating output, of its type and shape; with the outputs of
     *     {@code graph} and an output {@code grad_<name>} per name: the gradient of the sum over outputs of
     *     {@code sum(output * upstream)}
     * @throws GraphException if there is no input or weight of a name or it has no gradient, or an operator on the way has
     *     no gradient
     */
    public static Graph differentiate(Graph graph, List<String> wrt) {
        return JointGraph.of(graph, wrt);
    }
}
