package dev.rlcm.backend;

import dev.rlcm.graph.TensorData;
import java.util.Map;

/**
 * A compiled graph. Thread-safe as long as concurrent runs write to different outputs. Owned by its {@link Backend};
 * closing it earlier frees its memory, closing is idempotent.
 */
public interface Executable extends AutoCloseable {
    /**
     * Computes all outputs into new tensors.
     *
     * @param inputs one tensor per graph input, of the declared type and shape; read during the call only
     * @throws IllegalArgumentException if an input is missing, unknown or of another type or shape
     * @throws BackendException if the computation fails
     */
    Map<String, TensorData> run(Map<String, TensorData> inputs);

    /**
     * Computes all outputs into the given tensors, without allocating.
     *
     * @param outputs one tensor per graph output, of its type and shape; overwritten
     */
    void run(Map<String, TensorData> inputs, Map<String, TensorData> outputs);

    @Override
    void close();
}
