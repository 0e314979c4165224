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

/**
 * A transposed convolution of stride 1, such as the input gradient of a convolution, as a convolution with the kernel
 * rotated by 180 degrees and its channels swapped. That runs faster, at the price of a second copy of the kernel; so it
 * is done for constant kernels only, and left out where memory matters more. Stateless and thread-safe.
 */
public final class RotatedKernels {
    /** Tells rotated kernels from other forms of the same kernel. */
    private record Rotated(int group) {
        @Override
        public String toString() {
            return "rotated" + (group == 1 ? "" : " in " + group + " groups");
        }
    }

    private RotatedKernels() {}

    /** The same function with such transposed convolutions replaced. */
    public static Graph apply(Graph graph) {
        return apply(graph, LoweredWeights.computed());
    }

    /** As {@link #apply(Graph)}, with rotated kernels from elsewhere. */
    public static Graph apply(Graph graph, LoweredWeights weights) {
        return Rewriter.rewrite(
                graph,
                Rewrite.on(Op.CONV_TRANSPOSE)
                        .where(y -> y.in(1).is(Op.CONSTANT) && DenseConvolutions.isDense(y.attributes()))
                        .to(y -> convolution(y, rotated(y.in(1), y.attributes().integer("group"), weights))));
    }

    /** [C, M/group, ...] to [M, C/group, ...]. */
    private static Value rotated(Value kernel, int group, LoweredWeights weights) {
        Shape shape = kernel.shape().with(0, kernel.dim(1) * group).with(1, kernel.dim(0) / group);
        return weights.derived(kernel, new Rotated(group), shape, () -> rotated(kernel.data(), shape, group));
    }

    private static Value convolution(Value y, Value kernel) {
        List<Value> operands = new ArrayList<>(y.inputs());
        operands.set(1, kernel);
        return DenseConvolutions.ofRotated(operands, y.attributes(), y.label());
    }

    /** Spatial axes reversed. */
    private static TensorData rotated(TensorData kernel, Shape rotated, int group) {
        Shape shape = kernel.shape();
        int outputs = shape.dim(1);
        int inputs = shape.dim(0) / group;
        int[] own = StridedLoop.dense(shape);
        int[] extents = new int[shape.rank() + 1];
        int[] strides = new int[shape.rank() + 1];
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
        TensorData result = TensorData.zeros(kernel.type(), rotated);
        Shape loop = Shape.of(extents);
        MovementFolding.copy(loop, kernel, last, strides, result, 0, StridedLoop.dense(loop));
        return result;
    }
}
