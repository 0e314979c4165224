package dev.rlcm.backend;

import dev.rlcm.graph.Graph;
import java.util.List;

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

    /** How graphs for this backend should compute attention; as is best on CPUs unless the backend says otherwise. */
    default AttentionForms attentionForms() {
        return AttentionForms.defaults();
    }

    /**
     * The backends that may run a graph at once, each on a thread of its own: this one alone, unless it is made of several.
     * Policies and optimisers keep a copy of their network on each.
     *
     * @return at least one; they stay this backend's to close
     */
    default List<Backend> replicas() {
        return List.of(this);
    }

    @Override
    void close();
}
