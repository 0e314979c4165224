package dev.rlcm.rewrite.lowering;

import dev.rlcm.graph.DenseConvolutions;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewrite;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.folding.MovementFolding;
import dev.rlcm.rewrite.folding.StridedLoop;
import java.util.ArrayList;
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
                        .where(y -> y.in(1).is(Op.CONSTANT) && DenseConvolutions.isDense(y.attributes()))
                        .to(y -> convolution(y, rotation.apply(y))));
    }

    private static Value convolution(Value y, Value kernel) {
        List<Value> operands = new ArrayList<>(y.inputs());
        operands.set(1, kernel);
        return DenseConvolutions.ofRotated(operands, y.attributes(), y.label());
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
