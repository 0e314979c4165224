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
        Attributes sliding = sliding(y.attributes());
        return list(inputGradient(g, w, x.shape(), sliding), kernelGradient(x, g, w.shape(), sliding), biasGradient(g));
    }

    /** Its input gradient is the convolution it is the adjoint of; in the kernel's, x and g have changed places. */
    static List<Value> convTranspose(Value y, Value g) {
        Value x = y.in(0);
        Value w = y.in(1);
        Attributes sliding = sliding(y.attributes());
        Value dx = Value.of(Op.CONV, sliding, g, w);
        return list(crop(dx, x.shape()), kernelGradient(g, x, w.shape(), sliding), biasGradient(g));
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
        return Value.of(Op.CONV_TRANSPOSE, sliding.with("output_padding", rest), g, w);
    }

    /**
     * dw[m,c,k] = sum over b, o of g[b,m,o] x[b,c, stride o + dilation k - pad]: itself a convolution, with the batch as
     * channels and stride and dilation exchanged.
     */
    private static Value kernelGradient(Value x, Value g, Shape w, Attributes sliding) {
        int batch = x.dim(0);
        int group = sliding.integer("group");
        if (isPointwise(w, sliding)) {
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
        Attributes exchanged =
                sliding.with("strides", sliding.ints("dilations")).with("dilations", sliding.ints("strides"));
        Value full = Value.of(Op.CONV, exchanged, samples, g.transpose(swap));
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

    /** How a kernel slides over the spatial axes, which is all that CONV has as attributes. */
    private static Attributes sliding(Attributes a) {
        return Attributes.of("strides", a.ints("strides"), "pads", a.ints("pads"))
                .with("dilations", a.ints("dilations"))
                .with("group", a.integer("group"));
    }

    /** Whether the kernel sees single elements only, so that its gradient is a matrix product. */
    private static boolean isPointwise(Shape w, Attributes a) {
        return a.integer("group") == 1
                && Arrays.stream(spatial(w)).allMatch(k -> k == 1)
                && Arrays.stream(a.ints("strides")).allMatch(s -> s == 1)
                && Arrays.stream(a.ints("pads")).allMatch(p -> p == 0);
    }
}
