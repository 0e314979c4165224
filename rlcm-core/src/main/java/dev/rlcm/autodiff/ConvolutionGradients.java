package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.List;

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
        return Value.of(Op.CONV_TRANSPOSE, sliding.with("output_padding", rest), g, w);
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
