package dev.rlcm.rewrite;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A transposed convolution of stride 1, such as the input gradient of a convolution, as a convolution with the kernel
 * rotated by 180 degrees and its channels swapped. That runs faster, at the price of a second copy of the kernel; so it
 * is done for constant kernels only, and left out where memory matters more. Stateless and thread-safe.
 */
public final class RotatedKernels {
    private RotatedKernels() {}

    /** The same function with such transposed convolutions replaced. */
    public static Graph apply(Graph graph) {
        return apply(
                graph,
                y -> Value.constant(rotated(y.in(1).data(), y.attributes().integer("group"))));
    }

    /**
     * As {@link #apply(Graph)}, with rotated kernels from elsewhere.
     *
     * @param rotation gives for a transposed convolution, whose kernel is [C, M/group, ...], one of [M, C/group, ...]
     */
    public static Graph apply(Graph graph, UnaryOperator<Value> rotation) {
        return Rewriter.rewrite(
                graph,
                Rewrite.on(Op.CONV_TRANSPOSE)
                        .where(y -> y.in(1).is(Op.CONSTANT) && isDense(y))
                        .to(y -> convolution(y, rotation.apply(y))));
    }

    private static boolean isDense(Value y) {
        return Arrays.stream(y.attributes().ints("strides")).allMatch(stride -> stride == 1);
    }

    /** The pads become reach - pad; where that is negative, results that saw only padding are cut off instead. */
    private static Value convolution(Value y, Value kernel) {
        Value x = y.in(0);
        Attributes a = y.attributes();
        int spatial = x.rank() - 2;
        int[] pads = new int[2 * spatial];
        int[] starts = new int[x.rank()];
        int[] sizes = x.shape().toArray();
        int[] steps = new int[x.rank()];
        Arrays.fill(steps, 1);
        for (int i = 0; i < spatial; i++) {
            int reach = a.ints("dilations")[i] * (y.in(1).dim(i + 2) - 1);
            int begin = reach - a.ints("pads")[i];
            int end = reach - a.ints("pads")[i + spatial] + a.ints("output_padding")[i];
            pads[i] = Math.max(0, begin);
            pads[i + spatial] = Math.max(0, end);
            starts[i + 2] = Math.max(0, -begin);
            sizes[i + 2] -= Math.max(0, -begin) + Math.max(0, -end);
        }
        List<Value> operands = new ArrayList<>(y.inputs());
        operands.set(0, x.slice(starts, sizes, steps));
        operands.set(1, kernel);
        Attributes sliding = Attributes.of("strides", a.ints("strides"), "pads", pads)
                .with("dilations", a.ints("dilations"))
                .with("group", a.integer("group"));
        return Value.of(Op.CONV, sliding, operands, y.label());
    }

    /** [C, M/group, ...] to [M, C/group, ...], spatial axes reversed. */
    private static TensorData rotated(TensorData kernel, int group) {
        Shape shape = kernel.shape();
        int outputs = shape.dim(1);
        int inputs = shape.dim(0) / group;
        int[] own = StridedLoop.dense(shape);
        int[] extents = new int[shape.rank() + 1];
        int[] strides = new int[shape.rank() + 1];
        int[] dims = shape.toArray();
        extents[0] = group;
        strides[0] = inputs * own[0];
        extents[1] = outputs;
        strides[1] = own[1];
        extents[2] = inputs;
        strides[2] = own[0];
        int last = 0;
        for (int i = 2; i < shape.rank(); i++) {
            extents[i + 1] = shape.dim(i);
            strides[i + 1] = -own[i];
            last += (shape.dim(i) - 1) * own[i];
        }
        dims[0] = group * outputs;
        dims[1] = inputs;
        TensorData result = TensorData.zeros(kernel.type(), Shape.of(dims));
        Shape loop = Shape.of(extents);
        MovementFolding.copy(loop, kernel, last, strides, result, 0, StridedLoop.dense(loop));
        return result;
    }
}
