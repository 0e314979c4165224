package dev.rlcm.onnx.pipeline.encoders;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.component.ExecutablesBySize;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.component.Rows;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A network that only runs forward, for inputs of several sizes. ONNX Runtime runs the file as it is, in one session for all sizes,
 * whatever its opset and operators are. A file that it refuses, or any file on another backend, is compiled as a graph for each size.
 *
 * <p>Thread-safe.
 */
final class ForwardNetwork {
    private static final Logger log = LoggerFactory.getLogger(ForwardNetwork.class);

    private final OnnxComponent model;
    private final Backend backend;
    private final String output;
    private final int rank;
    private final ExecutablesBySize graphs;
    private boolean tried;
    private Optional<Executable> whole = Optional.empty();

    private ForwardNetwork(
            OnnxComponent model, Backend backend, String output, int rank, IntFunction<Executable> graphs) {
        this.model = model;
        this.backend = backend;
        this.output = output;
        this.rank = rank;
        this.graphs = new ExecutablesBySize(graphs);
    }

    /**
     * Runs the file itself where that gives the output.
     *
     * @param output the name of what is wanted, of that rank
     * @param graphs compiles the network for a size where the file cannot be run; its only output has that name
     */
    static ForwardNetwork of(
            OnnxComponent model, Backend backend, String output, int rank, IntFunction<Executable> graphs) {
        return new ForwardNetwork(model, backend, output, rank, graphs);
    }

    /** One that compiles a graph for each size in any case. */
    static ForwardNetwork ofGraphs(
            OnnxComponent model, Backend backend, String output, int rank, IntFunction<Executable> graphs) {
        ForwardNetwork network = new ForwardNetwork(model, backend, output, rank, graphs);
        network.tried = true;
        return network;
    }

    /** The file's session, made when it is first asked for. */
    private synchronized Optional<Executable> whole() {
        if (!tried) {
            tried = true;
            whole = open();
        }
        return whole;
    }

    private Optional<Executable> open() {
        boolean declared = model.signature().outputs().stream()
                .anyMatch(port -> port.name().equals(output) && port.dims().size() == rank);
        if (declared && backend.replicas().get(0) instanceof OrtBackend runtime) {
            try {
                return Optional.of(model.open(runtime));
            } catch (BackendException e) {
                log.debug("{} cannot be run as it is, so it is imported", model.path(), e);
            }
        }
        return Optional.empty();
    }

    /** Compiles what runs of a size need, so that faults of the network show before the first run. */
    void prepare(int size) {
        if (whole().isEmpty()) {
            graphs.of(size);
        }
    }

    /**
     * The output, FLOAT32.
     *
     * @param size of the inputs
     * @param inputs exactly those of the network
     */
    TensorData run(int size, Map<String, TensorData> inputs) {
        Executable executable = whole().orElseGet(() -> graphs.of(size));
        TensorData result = executable.run(inputs).get(output);
        if (result == null) {
            throw new IllegalStateException(
                    model.path() + " gave no output " + output + "; it must be among the graph's outputs");
        }
        return Rows.convert(result, DataType.FLOAT32);
    }

    synchronized void close() {
        tried = true;
        whole.ifPresent(Executable::close);
        graphs.close();
    }
}
