package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Attributes;
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
        Sliding sliding = Sliding.of(y.attributes());
        return list(inputGradient(g, w, x.shape(), sliding), kernelGradient(x, g, w.shape(), sliding), biasGradient(g));
    }

    /** Its input gradient is the convolution it is the adjoint of; in the kernel's, x and g have changed places. */
    static List<Value> convTranspose(Value y, Value g) {
        Value x = y.in(0);
        Value w = y.in(1);
        Sliding sliding = Sliding.of(y.attributes());
        Value dx = Value.of(Op.CONV, sliding.attributes(), g, w);
        return list(crop(dx, x.shape()), kernelGradient(g, x, w.shape(), sliding), biasGradient(g));
    }

    /**
     * dx of a convolution. At stride 1 that is a convolution with the kernel rotated by 180 degrees and its channels
     * swapped, which runs faster than the general CONV_TRANSPOSE.
     */
    static Value inputGradient(Value g, Value w, Shape x, Sliding sliding) {
        boolean dense = Arrays.stream(sliding.strides).allMatch(s -> s == 1);
        return dense ? rotatedConv(g, w, sliding) : transposedConv(g, w, x, sliding);
    }

    /** The pads become span - 1 - pad; where that is negative, results that saw only padding are cut off instead. */
    private static Value rotatedConv(Value g, Value w, Sliding sliding) {
        int spatial = sliding.strides.length;
        int[] pads = new int[2 * spatial];
        int[] starts = new int[g.rank()];
        int[] sizes = g.shape().toArray();
        int[] steps = ones(g.rank());
        for (int i = 0; i < spatial; i++) {
            int reach = sliding.dilations[i] * (w.dim(i + 2) - 1);
            int begin = reach - sliding.pads[i];
            int end = reach - sliding.pads[i + spatial];
            pads[i] = Math.max(0, begin);
            pads[i + spatial] = Math.max(0, end);
            starts[i + 2] = Math.max(0, -begin);
            sizes[i + 2] -= Math.max(0, -begin) + Math.max(0, -end);
        }
        Sliding full = new Sliding(ones(spatial), pads, sliding.dilations, sliding.group);
        return Value.of(Op.CONV, full.attributes(), g.slice(starts, sizes, steps), rotate(w, sliding.group));
    }

    /** [M,C/group,...] to [C,M/group,...], spatial axes reversed. */
    private static Value rotate(Value w, int group) {
        int[] spatial = spatial(w.shape());
        int outputs = w.dim(0) / group;
        int[] swap = axes(w.rank() + 1);
        swap[1] = 2;
        swap[2] = 1;
        Value swapped = w.reshape(dims(spatial, group, outputs, w.dim(1)))
                .transpose(swap)
                .reshape(dims(spatial, group * w.dim(1), outputs));
        int[] starts = new int[w.rank()];
        int[] steps = ones(w.rank());
        for (int i = 2; i < w.rank(); i++) {
            starts[i] = w.dim(i) - 1;
            steps[i] = w.dim(i) == 1 ? 1 : -1;
        }
        return swapped.slice(starts, swapped.shape().toArray(), steps);
    }

    /** What the strides left over at the end is the output padding. */
    private static Value transposedConv(Value g, Value w, Shape x, Sliding sliding) {
        int spatial = sliding.strides.length;
        int[] rest = new int[spatial];
        for (int i = 0; i < spatial; i++) {
            int room = x.dim(i + 2) + sliding.pads[i] + sliding.pads[i + spatial];
            int covered = sliding.strides[i] * (g.dim(i + 2) - 1) + sliding.dilations[i] * (w.dim(i + 2) - 1) + 1;
            rest[i] = room - covered;
        }
        return Value.of(Op.CONV_TRANSPOSE, sliding.attributes().with("output_padding", rest), g, w);
    }

    /**
     * dw[m,c,k] = sum over b, o of g[b,m,o] x[b,c, stride o + dilation k - pad]: itself a convolution, with the batch as
     * channels and stride and dilation exchanged.
     */
    private static Value kernelGradient(Value x, Value g, Shape w, Sliding sliding) {
        int batch = x.dim(0);
        int group = sliding.group;
        if (sliding.isPointwise(w)) {
            Value product = planes(g).matmul(planes(x), false, true);
            return product.sum(false, 0).reshape(w);
        }
        int[] swap = axes(x.rank());
        swap[0] = 1;
        swap[1] = 0;
        int[] regroup = axes(x.rank() + 1);
        regroup[0] = 2;
        regroup[2] = 0;
        Value samples = x.reshape(dims(spatial(x.shape()), batch, group, w.dim(1)))
                .transpose(regroup)
                .reshape(dims(spatial(x.shape()), w.dim(1), group * batch));
        Sliding exchanged = new Sliding(sliding.dilations, sliding.pads, sliding.strides, group);
        Value full = Value.of(Op.CONV, exchanged.attributes(), samples, g.transpose(swap));
        return crop(full.transpose(swap), w);
    }

    private static Value biasGradient(Value g) {
        return planes(g).sum(false, 0, 2);
    }

    /** [B,C,...] as [B,C,L]. */
    private static Value planes(Value value) {
        int[] spatial = spatial(value.shape());
        return value.reshape(value.dim(0), value.dim(1), Arrays.stream(spatial).reduce(1, Math::multiplyExact));
    }

    private static Value crop(Value value, Shape shape) {
        return value.slice(new int[shape.rank()], shape.toArray(), ones(shape.rank()));
    }

    private static int[] spatial(Shape shape) {
        return Arrays.copyOfRange(shape.toArray(), 2, shape.rank());
    }

    private static int[] dims(int[] spatial, int... leading) {
        return IntStream.concat(Arrays.stream(leading), Arrays.stream(spatial)).toArray();
    }

    private static int[] axes(int rank) {
        return IntStream.range(0, rank).toArray();
    }

    static int[] ones(int length) {
        int[] ones = new int[length];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** How a kernel slides over the spatial axes; pads are begins, then ends. */
    record Sliding(int[] strides, int[] pads, int[] dilations, int group) {
        static Sliding of(Attributes a) {
            return new Sliding(a.ints("strides"), a.ints("pads"), a.ints("dilations"), a.integer("group"));
        }

        Attributes attributes() {
            return Attributes.of("strides", strides, "pads", pads)
                    .with("dilations", dilations)
                    .with("group", group);
        }

        /** Whether the kernel sees single elements only, so that its gradient is a matrix product. */
        boolean isPointwise(Shape w) {
            return group == 1
                    && Arrays.stream(spatial(w)).allMatch(k -> k == 1)
                    && Arrays.stream(strides).allMatch(s -> s == 1)
                    && Arrays.stream(pads).allMatch(p -> p == 0);
        }
    }
}
