package dev.rlcm.examples.bench;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Keeps the graphs that it is to compile, and runs none of them. */
final class PlanningBackend implements Backend {
    private final List<Graph> graphs = new ArrayList<>();

    /** What was compiled so far, in order. */
    synchronized List<Graph> graphs() {
        return List.copyOf(graphs);
    }

    @Override
    public synchronized Executable compile(Graph graph) {
        graphs.add(graph);
        return new Planned();
    }

    @Override
    public void close() {}

    private static final class Planned implements Executable {
        @Override
        public Map<String, TensorData> run(Map<String, TensorData> inputs) {
            throw new UnsupportedOperationException("this graph was compiled to be planned, not to be run");
        }

        @Override
        public void run(Map<String, TensorData> inputs, Map<String, TensorData> outputs) {
            run(inputs);
        }

        @Override
        public void close() {}
    }
}
