package dev.rlcm.examples.bench;

import dev.rlcm.backend.AttentionForms;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.backend.DerivedWeights;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.graph.Graph;
import dev.rlcm.onnx.OrtBackend;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Passes everything on to another backend, and keeps the time of every run. Thread-safe; closing closes the other. */
final class TimedBackend implements Backend {
    private final OrtBackend backend;
    private final List<TimedExecutable> executables = new CopyOnWriteArrayList<>();
    private volatile Runnable afterCompiling = () -> {};

    TimedBackend(OrtBackend backend) {
        this.backend = backend;
    }

    @Override
    public TimedExecutable compile(Graph graph) {
        TimedExecutable executable = new TimedExecutable(graph, backend.compile(graph), backend::traffic);
        executables.add(executable);
        afterCompiling.run();
        return executable;
    }

    /** What is to be done after each compilation. */
    void afterCompiling(Runnable action) {
        afterCompiling = action;
    }

    @Override
    public MemoryPolicy memoryPolicy() {
        return backend.memoryPolicy();
    }

    @Override
    public ConvolutionForms convolutionForms() {
        return backend.convolutionForms();
    }

    @Override
    public DerivedWeights derivedWeights() {
        return backend.derivedWeights();
    }

    @Override
    public AttentionForms attentionForms() {
        return backend.attentionForms();
    }

    /** What was compiled first. */
    TimedExecutable first() {
        return executables.get(0);
    }

    /** What was compiled last. */
    TimedExecutable last() {
        return executables.get(executables.size() - 1);
    }

    /** Time that was spent inside executables so far. */
    long nanos() {
        return executables.stream().mapToLong(TimedExecutable::nanos).sum();
    }

    @Override
    public void close() {
        backend.close();
    }
}
