/**
 * How much memory a graph will take when ONNX Runtime runs it, without running it. Start with {@link
 * dev.rlcm.onnx.memory.MemoryEstimate}. Imports core, {@code onnx} and {@code onnx.exporter}.
 */
@NullMarked
package dev.rlcm.onnx.memory;

import org.jspecify.annotations.NullMarked;
