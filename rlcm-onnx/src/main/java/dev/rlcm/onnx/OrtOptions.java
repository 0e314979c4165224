package dev.rlcm.onnx;

import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.backend.MemoryPolicy;
import java.time.Duration;

/**
 * How ONNX Runtime runs a graph.
 *
 * @param threads threads of one operator, at least 1; operators themselves run one after the other
 * @param optimization how much ONNX Runtime rewrites a graph when it is compiled
 * @param memoryArena whether freed memory is kept for the next run (CPU); off uses less memory and is a little slower
 * @param prepacking whether weights are copied into the layout of the matrix kernels; off halves the weights' memory
 * @param memory what to spend memory on
 * @param convolutions how convolutions are computed on a CPU; on a GPU they are direct
 * @param spinning how long a thread that waits for work keeps its core busy before it sleeps, in whole microseconds; long
 *     waits suit a machine that does nothing else, and make runs several times slower where other work wants the cores
 * @param profilePrefix where to write a profile of every session, a path without ending; empty for none
 */
public record OrtOptions(
        int threads,
        Optimization optimization,
        boolean memoryArena,
        boolean prepacking,
        MemoryPolicy memory,
        ConvolutionForms convolutions,
        Duration spinning,
        String profilePrefix) {
    /** A few times the wait between two operators; a sleeping thread takes longer than that to wake. */
    private static final Duration DEFAULT_SPINNING = Duration.ofNanos(20_000);

    private static final Duration MAX_SPINNING = Duration.ofSeconds(1);

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
        if (spinning.isNegative() || spinning.compareTo(MAX_SPINNING) > 0) {
            throw new IllegalArgumentException("spinning must be from 0 to " + MAX_SPINNING + ", got " + spinning);
        }
    }

    /**
     * All cores, all optimisations, arena and prepacking on, memory balanced, convolutions by cost, threads that spin for 20
     * microseconds, no profile.
     */
    public static OrtOptions defaults() {
        int cores = Runtime.getRuntime().availableProcessors();
        return new OrtOptions(
                cores,
                Optimization.ALL,
                true,
                true,
                MemoryPolicy.BALANCED,
                ConvolutionForms.BY_COST,
                DEFAULT_SPINNING,
                "");
    }

    public OrtOptions withThreads(int newThreads) {
        return new OrtOptions(
                newThreads, optimization, memoryArena, prepacking, memory, convolutions, spinning, profilePrefix);
    }

    public OrtOptions withOptimization(Optimization newOptimization) {
        return new OrtOptions(
                threads, newOptimization, memoryArena, prepacking, memory, convolutions, spinning, profilePrefix);
    }

    public OrtOptions withMemoryArena(boolean newMemoryArena) {
        return new OrtOptions(
                threads, optimization, newMemoryArena, prepacking, memory, convolutions, spinning, profilePrefix);
    }

    public OrtOptions withPrepacking(boolean newPrepacking) {
        return new OrtOptions(
                threads, optimization, memoryArena, newPrepacking, memory, convolutions, spinning, profilePrefix);
    }

    public OrtOptions withMemory(MemoryPolicy newMemory) {
        return new OrtOptions(
                threads, optimization, memoryArena, prepacking, newMemory, convolutions, spinning, profilePrefix);
    }

    public OrtOptions withConvolutions(ConvolutionForms newConvolutions) {
        return new OrtOptions(
                threads, optimization, memoryArena, prepacking, memory, newConvolutions, spinning, profilePrefix);
    }

    public OrtOptions withSpinning(Duration newSpinning) {
        return new OrtOptions(
                threads, optimization, memoryArena, prepacking, memory, convolutions, newSpinning, profilePrefix);
    }

    public OrtOptions withProfilePrefix(String newProfilePrefix) {
        return new OrtOptions(
                threads, optimization, memoryArena, prepacking, memory, convolutions, spinning, newProfilePrefix);
    }
}
