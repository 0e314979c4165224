package dev.rlcm.backend;

import dev.rlcm.graph.Graph;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Evaluates graphs in double precision, each operator by its definition: the specification that other backends and
 * rewrites are tested against, written to be obviously right rather than fast.
 *
 * <p>All real types are doubles throughout (a cast to FLOAT32 does not round), integers wrap around at their type's
 * width. Inputs may be FLOAT64 where the graph says FLOAT32, so that centred differences work; results are FLOAT64,
 * INT64 or BOOL. ND4J multiplies the large matrices, so one of its backends, such as {@code nd4j-native}, must be on
 * the class path; all else is plain loops, which depend on no library's rules for broadcasting, rank 0 or special values
 * and, for the small tensors of tests, are faster.
 *
 * <p>Thread-safe. Closing only makes the executables refuse to run.
 */
public final class ReferenceBackend implements Backend {
    private final AtomicBoolean closed = new AtomicBoolean();

    @Override
    public Executable compile(Graph graph) {
        if (closed.get()) {
            throw new IllegalStateException("this backend is closed; make a new one");
        }
        return new ReferenceExecutable(graph, closed::get);
    }

    @Override
    public void close() {
        closed.set(true);
    }
}
