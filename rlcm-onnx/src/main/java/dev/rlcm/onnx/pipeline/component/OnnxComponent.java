package dev.rlcm.onnx.pipeline.component;

import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.onnx.LoadOptions;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.OnnxSignature;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.ReadOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Function;

/** One ONNX file of a model, or its content: what it declares, and graphs of it for given input shapes. */
public final class OnnxComponent {
    /** In a wanted shape: whatever the file says. */
    public static final int ANY = -1;

    private final Path path;
    private final OnnxSignature signature;
    private final Loader loader;
    private final Function<OrtBackend, Executable> opener;

    /** Reads the network for the shapes of its inputs. */
    @FunctionalInterface
    private interface Loader {
        Graph load(Map<String, Shape> shapes) throws IOException;
    }

    private OnnxComponent(Path path, OnnxSignature signature, Loader loader, Function<OrtBackend, Executable> opener) {
        this.path = path;
        this.signature = signature;
        this.loader = loader;
        this.opener = opener;
    }

    public static OnnxComponent open(Path path) throws IOException {
        return open(path, ReadOptions.defaults());
    }

    public static OnnxComponent open(Path path, ReadOptions reading) throws IOException {
        LoadOptions options = LoadOptions.defaults().withReading(reading);
        return new OnnxComponent(
                path,
                OnnxModels.inspect(path),
                shapes -> OnnxModels.load(path, options.withInputShapes(shapes)),
                backend -> backend.open(path));
    }

    /** A component whose graphs have the weights as the file does, by their names there, so that they can be trained. */
    public static OnnxComponent trainable(Path path, ReadOptions reading) throws IOException {
        LoadOptions options = LoadOptions.defaults().withReading(reading).withTrained(OnnxModels.weightNames(path));
        return new OnnxComponent(
                path,
                OnnxModels.inspect(path),
                shapes -> OnnxModels.load(path, options.withInputShapes(shapes)),
                backend -> backend.open(path));
    }

    /** A component whose graphs are looked at only: their weights stay in the file. */
    public static OnnxComponent skim(Path path, ReadOptions reading) throws IOException {
        LoadOptions options = LoadOptions.defaults().withSkimmed(true).withReading(reading);
        return new OnnxComponent(
                path,
                OnnxModels.inspect(path),
                shapes -> OnnxModels.load(path, options.withInputShapes(shapes)),
                backend -> backend.open(path));
    }

    /**
     * A component whose file is in memory.
     *
     * @param name where it comes from, for messages
     */
    public static OnnxComponent of(byte[] model, Path name) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(model);
        return new OnnxComponent(
                name,
                OnnxModels.inspect(bytes),
                shapes -> OnnxModels.load(
                        bytes.duplicate(), LoadOptions.defaults().withInputShapes(shapes)),
                backend -> backend.open(model));
    }

    public Path path() {
        return path;
    }

    public List<String> inputs() {
        return signature.inputs().stream().map(OnnxSignature.Port::name).toList();
    }

    public DataType type(String input) {
        return signature.input(input).type();
    }

    public OnnxSignature signature() {
        return signature;
    }

    /** A declared input's rank. */
    public int rank(String input) {
        return signature.input(input).dims().size();
    }

    /** A declared input's extent, if it has that axis and it is not symbolic. */
    public OptionalInt dim(String input, int axis) {
        return axis < rank(input) ? signature.input(input).dims().get(axis).extent() : OptionalInt.empty();
    }

    /**
     * Checks the inputs' names.
     *
     * @throws IllegalArgumentException if a required input is missing, or there is one of unknown meaning
     */
    public void expectInputs(List<String> required, List<String> optional) {
        List<String> unknown = inputs().stream()
                .filter(name -> !required.contains(name) && !optional.contains(name))
                .toList();
        if (!inputs().containsAll(required) || !unknown.isEmpty()) {
            throw new IllegalArgumentException(path + " has the inputs " + inputs() + "; supported are " + required
                    + (optional.isEmpty() ? "" : " and, if need be, " + optional)
                    + ", as in exports by Optimum");
        }
    }

    /**
     * The shape to load an input with.
     *
     * @param wanted extents; ANY takes the file's
     * @throws IllegalArgumentException if the file fixes another extent or rank, or leaves one open that is not given
     */
    public Shape bind(String input, int... wanted) {
        int[] bound = new int[wanted.length];
        boolean fits = rank(input) == wanted.length;
        for (int i = 0; fits && i < wanted.length; i++) {
            int declared = dim(input, i).orElse(ANY);
            bound[i] = wanted[i] == ANY ? declared : wanted[i];
            fits = bound[i] != ANY && (declared == ANY || declared == bound[i]);
        }
        if (!fits) {
            throw new IllegalArgumentException(path + ": input " + input + " is declared as "
                    + signature.input(input).dims() + ", needed is "
                    + Arrays.toString(wanted).replace("-1", "any") + "; export the model with dynamic axes");
        }
        return Shape.of(bound);
    }

    /** The file itself as ONNX Runtime runs it, for inputs of any shape that it takes. */
    public Executable open(OrtBackend backend) {
        return opener.apply(backend);
    }

    /** The graph for these input shapes. */
    public Graph load(Map<String, Shape> shapes) throws IOException {
        return loader.load(shapes);
    }
}
