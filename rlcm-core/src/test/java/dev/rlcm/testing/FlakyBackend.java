package dev.rlcm.testing;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import java.util.Map;

/** The reference backend, whose runs fail while it is told to. */
public final class FlakyBackend implements Backend {
    private final ReferenceBackend inner = new ReferenceBackend();
    private volatile int left = Integer.MAX_VALUE;

    /** Lets that many more runs succeed; all later ones fail. */
    public void failAfter(int runs) {
        left = runs;
    }

    public void mend() {
        left = Integer.MAX_VALUE;
    }

    @Override
    public Executable compile(Graph graph) {
        Executable executable = inner.compile(graph);
        return new Executable() {
            @Override
            public Map<String, TensorData> run(Map<String, TensorData> inputs) {
                count();
                return executable.run(inputs);
            }

            @Override
            public void run(Map<String, TensorData> inputs, Map<String, TensorData> outputs) {
                count();
                executable.run(inputs, outputs);
            }

            @Override
            public void close() {
                executable.close();
            }
        };
    }

    private void count() {
        if (left == 0) {
            throw new BackendException("the device was lost", new IllegalStateException("for this test"));
        }
        left--;
    }

    @Override
    public void close() {
        inner.close();
    }
}
