package dev.rlcm.examples.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.AtomicFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Fills the weights that were left out of a model with pseudo-random numbers: element j of tensor i is the same on every
 * machine (splitmix64 of i and j; uniform with mean 0 and the tensor's standard deviation).
 */
final class SkeletonWeights {
    private static final int CHUNK = 1 << 16;

    private final JsonNode fill;

    private SkeletonWeights(JsonNode fill) {
        this.fill = fill;
    }

    /** @param skeleton a directory with {@code fill.json}, which lists the tensors of the weights file */
    static SkeletonWeights of(Path skeleton) throws IOException {
        return new SkeletonWeights(
                new ObjectMapper().readTree(skeleton.resolve("fill.json").toFile()));
    }

    /** Floating-point operations of a forward pass of {@link #batch} rows, in units of 10^9. */
    double forwardGflop() {
        return fill.required("forward_gflop").required("total").doubleValue();
    }

    int batch() {
        return fill.required("forward_gflop_batch").intValue();
    }

    /**
     * Writes the weights file unless it is there in full length.
     *
     * @return whether it was written
     */
    boolean write(Path directory) throws IOException {
        Path file = directory.resolve(fill.required("location").textValue());
        long bytes = fill.required("total_bytes").longValue();
        if (Files.exists(file) && Files.size(file) == bytes) {
            return false;
        }
        AtomicFiles.write(file, out -> {
            long position = 0;
            for (JsonNode tensor : fill.required("tensors")) {
                out.write(new byte[(int) (tensor.required("offset").longValue() - position)]);
                position = tensor.required("offset").longValue()
                        + tensor.required("length").longValue();
                write(out, tensor);
            }
            out.write(new byte[(int) (bytes - position)]);
        });
        return true;
    }

    private static void write(OutputStream out, JsonNode tensor) throws IOException {
        long index = tensor.required("index").longValue();
        long count = tensor.required("length").longValue() / Float.BYTES;
        String rule = tensor.required("rule").textValue();
        double std = rule.equals("normal") ? tensor.required("std").doubleValue() : 0;
        float shift = rule.equals("ones") ? 1 : 0;
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long start = 0; start < count; start += CHUNK) {
            chunk.clear();
            for (long j = start; j < Math.min(count, start + CHUNK); j++) {
                chunk.putFloat(std == 0 ? shift : value(index, j, std));
            }
            out.write(chunk.array(), 0, chunk.position());
        }
    }

    /** A tensor of the same rule: number {@code index}, mean 0. */
    static TensorData noise(long index, double std, Shape shape) {
        return TensorData.generate(DataType.FLOAT32, shape, j -> value(index, j, std));
    }

    private static float value(long index, long element, double std) {
        long z = (((index + 1) << 40) + element) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        z ^= z >>> 31;
        double u = (z >>> 40) * 0x1p-24;
        return (float) ((2 * u - 1) * (Math.sqrt(3) * std));
    }
}
