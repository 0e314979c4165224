package dev.rlcm.lora;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A layer that an adapter can change: linear, or a convolution without groups.
 *
 * @param path the module's path, for example {@code down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q}
 * @param in width of the layer's input: features, or channels of a convolution
 * @param out width of its output
 * @param kernel spatial extents of a convolution's kernel, [3,3] for example; of rank 0 for a linear layer
 */
public record LoraSite(String path, int in, int out, Shape kernel) {
    /** A linear layer. */
    public LoraSite(String path, int in, int out) {
        this(path, in, out, Shape.SCALAR);
    }

    /** The kind of layer by the end of its path, for example {@code to_q} or {@code to_out.0}. */
    public String kind() {
        return ModulePath.kind(path);
    }

    /** Whether the layer is a convolution, be its kernel 1x1. */
    public boolean isConvolution() {
        return kernel.rank() > 0;
    }

    /** Whether the layer mixes features at one place only: a linear layer, or a convolution with a kernel of 1x1. */
    public boolean isLinear() {
        return kernel.size() == 1;
    }

    /** The key of the down projection A: [rank, in], or [rank, in, kernel...] of a convolution. */
    public String keyA() {
        return path + ".lora_A.weight";
    }

    /** The key of the up projection B: [out, rank], or [out, rank, 1...] of a convolution. */
    public String keyB() {
        return path + ".lora_B.weight";
    }

    /** The rank that the layer's weight, and so any update of it, can have at most. */
    int fullRank() {
        return (int) Math.min(out, in * kernel.size());
    }

    Shape shapeA(int rank) {
        return shape(rank, in, kernel.toArray());
    }

    Shape shapeB(int rank) {
        int[] ones = new int[kernel.rank()];
        Arrays.fill(ones, 1);
        return shape(out, rank, ones);
    }

    private static Shape shape(int first, int second, int[] rest) {
        return Shape.of(IntStream.concat(IntStream.of(first, second), IntStream.of(rest))
                .toArray());
    }

    Value inputA(String prefix, int rank) {
        return Value.input(prefix + keyA(), DataType.FLOAT32, shapeA(rank));
    }

    Value inputB(String prefix, int rank) {
        return Value.input(prefix + keyB(), DataType.FLOAT32, shapeB(rank));
    }
}
