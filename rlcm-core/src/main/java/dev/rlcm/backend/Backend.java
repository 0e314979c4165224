package dev.rlcm.backend;

import dev.rlcm.graph.Graph;

/**
 * Compiles graphs to executables and owns them: closing the backend closes every executable it made. It is the only
 * thing a host must close. Implementations are thread-safe; closing is idempotent.
 */
public interface Backend extends AutoCloseable {
    /**
     * Prepares a graph for running.
     *
     * @throws dev.rlcm.graph.GraphException if the graph holds something this backend cannot run
     * @throws BackendException if the backend fails
     */
    Executable compile(Graph graph);

    /** What graphs for this backend should spend memory on; {@link MemoryPolicy#FAST} unless the backend says otherwise. */
    default MemoryPolicy memoryPolicy() {
        return MemoryPolicy.FAST;
    }

    /** How graphs for this backend should compute convolutions; directly unless the backend says otherwise. */
    default ConvolutionForms convolutionForms() {
        return ConvolutionForms.DIRECT;
    }

    /** The weights that graphs for this backend share; a new, empty set at every call unless the backend keeps one. */
    default DerivedWeights derivedWeights() {
        return new DerivedWeights();
    }

    @Override
    void close();
}
