package dev.rlcm.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Transposed convolutions of stride 1 as convolutions. Stateless and thread-safe. */
public final class DenseConvolutions {
    private DenseConvolutions() {}

    /** Whether the attributes of a CONV or CONV_TRANSPOSE are of stride 1. */
    public static boolean isDense(Attributes sliding) {
        return Arrays.stream(sliding.ints("strides")).allMatch(stride -> stride == 1);
    }

    /**
     * The CONV that computes what a CONV_TRANSPOSE of stride 1 does. The pads become reach - pad; where that is negative,
     * results that saw only padding are cut off instead.
     *
     * @param operands x, the rotated kernel and, if there is one, the bias; the kernel is that of the transposed
     *     convolution, [C, M/group, ...], as [M, C/group, ...] with all spatial axes reversed
     * @param transposed attributes of the transposed convolution
     */
    public static Value ofRotated(List<Value> operands, Attributes transposed, String label) {
        Value x = operands.get(0);
        int spatial = x.rank() - 2;
        int[] old = transposed.ints("pads");
        int[] pads = new int[2 * spatial];
        int[] starts = new int[x.rank()];
        int[] sizes = x.shape().toArray();
        int[] steps = new int[x.rank()];
        Arrays.fill(steps, 1);
        for (int i = 0; i < spatial; i++) {
            int reach = transposed.ints("dilations")[i] * (operands.get(1).dim(i + 2) - 1);
            int begin = reach - old[i];
            int end = reach - old[i + spatial] + transposed.ints("output_padding")[i];
            pads[i] = Math.max(0, begin);
            pads[i + spatial] = Math.max(0, end);
            starts[i + 2] = Math.max(0, -begin);
            sizes[i + 2] -= Math.max(0, -begin) + Math.max(0, -end);
        }
        List<Value> cropped = new ArrayList<>(operands);
        cropped.set(0, x.slice(starts, sizes, steps));
        Attributes sliding = Attributes.of("strides", transposed.ints("strides"), "pads", pads)
                .with("dilations", transposed.ints("dilations"))
                .with("group", transposed.integer("group"));
        return Value.of(Op.CONV, sliding, cropped, label);
    }
}
