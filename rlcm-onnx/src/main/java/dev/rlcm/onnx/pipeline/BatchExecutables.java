package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Executable;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;

/** One executable per size of batch, compiled when it is first asked for. Thread-safe. */
final class BatchExecutables {
    private final Map<Integer, Executable> executables = new HashMap<>();
    private final IntFunction<Executable> compiler;

    BatchExecutables(IntFunction<Executable> compiler) {
        this.compiler = compiler;
    }

    synchronized Executable of(int batch) {
        return executables.computeIfAbsent(batch, compiler::apply);
    }
}
