package dev.rlcm.onnx.pipeline.component;

import dev.rlcm.backend.Executable;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;

/** One executable per size, of a batch or a text, compiled when it is first asked for. Thread-safe. */
public final class ExecutablesBySize {
    private final Map<Integer, Executable> executables = new HashMap<>();
    private final IntFunction<Executable> compiler;

    public ExecutablesBySize(IntFunction<Executable> compiler) {
        this.compiler = compiler;
    }

    public synchronized Executable of(int size) {
        return executables.computeIfAbsent(size, compiler::apply);
    }

    public synchronized void close() {
        executables.values().forEach(Executable::close);
    }
}
