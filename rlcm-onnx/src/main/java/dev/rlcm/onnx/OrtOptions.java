package dev.rlcm.onnx;

import dev.rlcm.backend.MemoryPolicy;

/**
 * How ONNX Runtime runs a graph.
 *
 * @param threads threads of one operator, at least 1; operators themselves run one after the other
 * @param optimization how much ONNX Runtime rewrites a graph when it is compiled
 * @param memoryArena whether freed memory is kept for the next run (CPU); off uses less memory and is a little slower
 * @param prepacking whether weights are copied into the layout of the matrix kernels; off halves the weights' memory
 * @param memory what to spend memory on
 * @param spinning whether threads that wait for work keep their core busy; where other work wants the cores too, such as
 *     rewards, that makes runs several times slower
 * @param profilePrefix where to write a profile of every session, a path without ending; empty for none
 */
public record OrtOptions(
        int threads,
        Optimization optimization,
        boolean memoryArena,
        boolean prepacking,
        MemoryPolicy memory,
        boolean spinning,
        String profilePrefix) {
    /** ONNX Runtime's levels of graph optimisation. */
    public enum Optimization {
        NONE,
        BASIC,
        EXTENDED,
        ALL
    }

    /** Checks the settings. */
    public OrtOptions {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, got " + threads);
        }
    }

    /** All cores, all optimisations, arena and prepacking on, no profile; ONNX Runtime's own defaults but for spinning. */
    public static OrtOptions defaults() {
        return new OrtOptions(
                Runtime.getRuntime().availableProcessors(), Optimization.ALL, true, true, MemoryPolicy.FAST, false, "");
    }

    public OrtOptions withThreads(int newThreads) {
        return new OrtOptions(newThreads, optimization, memoryArena, prepacking, memory, spinning, profilePrefix);
    }

    public OrtOptions withOptimization(Optimization newOptimization) {
        return new OrtOptions(threads, newOptimization, memoryArena, prepacking, memory, spinning, profilePrefix);
    }

    public OrtOptions withMemoryArena(boolean newMemoryArena) {
        return new OrtOptions(threads, optimization, newMemoryArena, prepacking, memory, spinning, profilePrefix);
    }

    public OrtOptions withPrepacking(boolean newPrepacking) {
        return new OrtOptions(threads, optimization, memoryArena, newPrepacking, memory, spinning, profilePrefix);
    }

    public OrtOptions withMemory(MemoryPolicy newMemory) {
        return new OrtOptions(threads, optimization, memoryArena, prepacking, newMemory, spinning, profilePrefix);
    }

    public OrtOptions withSpinning(boolean newSpinning) {
        return new OrtOptions(threads, optimization, memoryArena, prepacking, memory, newSpinning, profilePrefix);
    }

    public OrtOptions withProfilePrefix(String newProfilePrefix) {
        return new OrtOptions(threads, optimization, memoryArena, prepacking, memory, spinning, newProfilePrefix);
    }
}
