package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DenseConvolutions;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Gradients of convolutions over any number of spatial axes. */
final class ConvolutionGradients {
    private ConvolutionGradients() {}

    /** y [B,M,...] = x [B,C,...] * w [M,C/group,...] + bias [M]. */
    static List<Value> conv(Value y, Value g) {
        Value x = y.in(0);
        Value w = y.in(1);
        Attributes sliding = sliding(y.attributes());
        return list(
                inputGradient(g, w, x.shape(), sliding), KernelGradients.of(x, g, w.shape(), sliding), biasGradient(g));
    }

    /** Its input gradient is the convolution it is the adjoint of; in the kernel's, x and g have changed places. */
    static List<Value> convTranspose(Value y, Value g) {
        Value x = y.in(0);
        Value w = y.in(1);
        Attributes sliding = sliding(y.attributes());
        Value dx = Value.of(Op.CONV, sliding, g, w);
        return list(crop(dx, x.shape()), KernelGradients.of(g, x, w.shape(), sliding), biasGradient(g));
    }

    /** dx of a convolution is its adjoint; what the strides left over at the end is the output padding. */
    static Value inputGradient(Value g, Value w, Shape x, Attributes sliding) {
        int[] strides = sliding.ints("strides");
        int[] pads = sliding.ints("pads");
        int[] rest = new int[strides.length];
        for (int i = 0; i < rest.length; i++) {
            int room = x.dim(i + 2) + pads[i] + pads[i + rest.length];
            int span = sliding.ints("dilations")[i] * (w.dim(i + 2) - 1) + 1;
            rest[i] = room - span - strides[i] * (g.dim(i + 2) - 1);
        }
        Attributes adjoint = sliding.with("output_padding", rest);
        return DenseConvolutions.isDense(sliding) && isTrained(w)
                ? DenseConvolutions.ofRotated(List.of(g, rotate(w, sliding.integer("group"))), adjoint, "")
                : Value.of(Op.CONV_TRANSPOSE, adjoint, g, w);
    }

    /** Whether the kernel depends on an input; the others are rotated once, when the graph is compiled. */
    private static boolean isTrained(Value w) {
        return Graph.topologicalOrder(List.of(w)).stream().anyMatch(value -> value.is(Op.INPUT));
    }

    /** [M,C/group,...] to [C,M/group,...], spatial axes reversed. */
    private static Value rotate(Value w, int group) {
        int[] dims = w.shape().toArray();
        int[] spatial = Arrays.copyOfRange(dims, 2, dims.length);
        int[] swap = IntStream.range(0, w.rank() + 1).toArray();
        swap[1] = 2;
        swap[2] = 1;
        Value swapped = w.reshape(dims(spatial, group, dims[0] / group, dims[1]))
                .transpose(swap)
                .reshape(dims(spatial, group * dims[1], dims[0] / group));
        int[] starts = new int[w.rank()];
        int[] steps = ones(w.rank());
        for (int i = 2; i < w.rank(); i++) {
            starts[i] = w.dim(i) - 1;
            steps[i] = w.dim(i) == 1 ? 1 : -1;
        }
        return swapped.slice(starts, swapped.shape().toArray(), steps);
    }

    private static int[] dims(int[] spatial, int... leading) {
        return IntStream.concat(Arrays.stream(leading), Arrays.stream(spatial)).toArray();
    }

    private static Value biasGradient(Value g) {
        return KernelGradients.planes(g).sum(false, 0, 2);
    }

    private static Value crop(Value value, Shape shape) {
        return value.slice(new int[shape.rank()], shape.toArray(), ones(shape.rank()));
    }

    static int[] ones(int length) {
        int[] ones = new int[length];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** How a kernel slides over the spatial axes, which is all that CONV has as attributes. */
    private static Attributes sliding(Attributes a) {
        return Attributes.of("strides", a.ints("strides"), "pads", a.ints("pads"))
                .with("dilations", a.ints("dilations"))
                .with("group", a.integer("group"));
    }
}
