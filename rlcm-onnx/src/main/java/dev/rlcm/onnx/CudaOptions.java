package dev.rlcm.onnx;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How ONNX Runtime's CUDA provider runs a graph; see {@code docs/precision.md} for what is worth trying.
 *
 * @param convolutions how cuDNN's algorithm for a convolution is chosen, at the first run of a graph
 * @param tf32 whether FLOAT32 products and convolutions may round their operands to 11 bits, several times faster
 * @param memoryLimit bytes that the arena of one executable may take, positive; the sampler and the trainer have one each
 * @param others further options by ONNX Runtime's names, such as {@code prefer_nhwc}; they win over those above
 */
public record CudaOptions(ConvolutionSearch convolutions, boolean tf32, long memoryLimit, Map<String, String> others) {
    /** ONNX Runtime's ways to choose among cuDNN's algorithms. */
    public enum ConvolutionSearch {
        /** By cuDNN's estimate. */
        HEURISTIC,
        /** By trying all: slow to start, and tries take memory, but the fastest afterwards. */
        EXHAUSTIVE,
        /** One that needs little workspace. */
        DEFAULT
    }

    public CudaOptions {
        if (memoryLimit < 1) {
            throw new IllegalArgumentException("memoryLimit must be positive, got " + memoryLimit);
        }
        others = Map.copyOf(others);
    }

    /** Heuristic search, FLOAT32 without short cuts, all the memory there is. */
    public static CudaOptions defaults() {
        return new CudaOptions(ConvolutionSearch.HEURISTIC, false, Long.MAX_VALUE, Map.of());
    }

    public CudaOptions withConvolutions(ConvolutionSearch value) {
        return new CudaOptions(value, tf32, memoryLimit, others);
    }

    public CudaOptions withTf32(boolean value) {
        return new CudaOptions(convolutions, value, memoryLimit, others);
    }

    public CudaOptions withMemoryLimit(long value) {
        return new CudaOptions(convolutions, tf32, value, others);
    }

    public CudaOptions withOthers(Map<String, String> value) {
        return new CudaOptions(convolutions, tf32, memoryLimit, value);
    }

    /** All of it in ONNX Runtime's names. The arena grows by what is asked for, not to the next power of two. */
    Map<String, String> toProvider() {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("cudnn_conv_algo_search", convolutions.name());
        options.put("use_tf32", tf32 ? "1" : "0");
        options.put("arena_extend_strategy", "kSameAsRequested");
        if (memoryLimit != Long.MAX_VALUE) {
            options.put("gpu_mem_limit", Long.toString(memoryLimit));
        }
        options.putAll(others);
        return options;
    }
}
