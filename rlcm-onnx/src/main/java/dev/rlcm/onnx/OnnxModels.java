package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.onnx.exporter.Dialect;
import dev.rlcm.onnx.exporter.OnnxWriter;
import dev.rlcm.onnx.format.ExternalData;
import dev.rlcm.onnx.format.ModelFile;
import dev.rlcm.onnx.format.OnnxTensors;
import dev.rlcm.onnx.importer.InputBinding;
import dev.rlcm.onnx.importer.OnnxImporter;
import dev.rlcm.rewrite.OpenWeights;
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
     * @return the graph, all shapes static. Nodes are labelled {@code /<module path>/<operator>} where the file tells the
     *     module (in names, PyTorch's metadata or names of weights), and with their names otherwise. Weights in external data are
     *     memory-mapped. Types are the file's: {@link dev.rlcm.precision.SinglePrecision} makes a graph of 16-bit reals one
     *     of FLOAT32
     * @throws IOException if the file is missing, truncated or no ONNX model
     * @throws GraphException if the model is of another opset, holds operators or types that cannot be imported (the
     *     message lists all of them), leaves a dimension unbound, or is inconsistent
     */
    public static Graph load(Path file, LoadOptions options) throws IOException {
        ModelProto model = ModelFile.read(file);
        OnnxTensors tensors =
                new OnnxTensors(new ExternalData(file, options.reading().linksTrusted()), options.skimmed());
        try {
            Graph graph = OnnxImporter.importModel(model, tensors, binding(options), options.trained());
            return options.reading().paths().isEmpty()
                    ? graph
                    : LoraInjection.withPaths(graph, options.reading().paths());
        } catch (GraphException e) {
            throw new GraphException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Reads a model as {@link #load(Path, LoadOptions)} does.
     *
     * @param dims see {@link LoadOptions#dims}
     */
    public static Graph load(Path file, Map<String, Integer> dims) throws IOException {
        return load(file, LoadOptions.defaults().withDims(dims));
    }

    /**
     * Reads a model as {@link #load(Path, LoadOptions)} does, from memory, as a resource on the class path is.
     *
     * @param model the content of an {@code .onnx} file whose weights are in it; they are copied, whatever the options
     * @throws IOException if it is truncated or no ONNX model
     */
    public static Graph load(ByteBuffer model, LoadOptions options) throws IOException {
        return OnnxImporter.importModel(
                ModelFile.parse(model, IN_MEMORY), OnnxTensors.inMemory(), binding(options), options.trained());
    }

    private static InputBinding binding(LoadOptions options) {
        return new InputBinding(options.dims(), options.inputShapes());
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
     * the graph uses it, see {@link LoadOptions#trained}. Names that several constants have are left out.
     *
     * @return the graph's own data, to be copied before it is changed
     */
    public static Map<String, TensorData> weights(Graph graph) {
        return OpenWeights.of(graph);
    }

    /**
     * The names of the real weights in a model's file that have more than one element, in its order. For {@link
     * LoadOptions#trained}: a graph that is loaded with them has them as constants of these names.
     *
     * @throws IOException if the file is missing, truncated or no ONNX model
     */
    public static Set<String> weightNames(Path file) throws IOException {
        return ModelWeights.names(file);
    }

    /**
     * Writes a model with other weights; its nodes, names and symbolic dimensions stay as they are. More than 1.9 GB of weights
     * go to {@code <target>.data} beside it. Files appear complete or not at all; the target may be the source.
     *
     * @param source the model's file
     * @param weights of {@link #weightNames}, of the same number of elements; the others stay. They are rounded to the file's types
     * @throws IOException if the source cannot be read or the target not be written
     * @throws GraphException if the model has no weight of a name, or it has another size
     */
    public static void saveWeights(Path source, Map<String, TensorData> weights, Path target) throws IOException {
        saveWeights(source, ReadOptions.defaults(), weights, target);
    }

    /**
     * As {@link #saveWeights(Path, Map, Path)}.
     *
     * @param reading which links beside the source are followed
     */
    public static void saveWeights(Path source, ReadOptions reading, Map<String, TensorData> weights, Path target)
            throws IOException {
        OnnxTensors tensors = new OnnxTensors(new ExternalData(source, reading.linksTrusted()), true);
        ModelWeights.save(ModelFile.read(source), tensors, weights, target);
    }

    /**
     * Forward and backward as one graph.
     *
     * @param graph any graph
     * @param wrt what to differentiate with respect to, of a floating type: inputs, or {@link #weights}, which become inputs
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
