package dev.rlcm.onnx.pipeline.component;

import dev.rlcm.backend.Executable;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;

/** One executable per size, of a batch or a text, compiled when it is first asked for. Thread-safe. */
public final class ExecutablesBySize {
    private final Map<Integer, Executable> executables = new HashMap<>();
    private final IntFunction<Executable> compiler;
    private boolean closed;

    public ExecutablesBySize(IntFunction<Executable> compiler) {
        this.compiler = compiler;
    }

    /**
     * The executable for that size.
     *
     * @throws IllegalStateException if these executables are closed
     */
    public synchronized Executable of(int size) {
        if (closed) {
            throw new IllegalStateException("the model is closed; load it again");
        }
        return executables.computeIfAbsent(size, compiler::apply);
    }

    /** Closes all of them; idempotent. */
    public synchronized void close() {
        closed = true;
        executables.values().forEach(Executable::close);
        executables.clear();
    }
}
