package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.ConvolutionGradients.ones;
import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Gradients of pooling. */
final class PoolGradients {
    private PoolGradients() {}

    /** A window's mean is a convolution with ones, divided by the number of elements. */
    static List<Value> average(Value y, Value g) {
        Value x = y.in(0);
        int[] kernel = y.attributes().ints("kernel_shape");
        Attributes sliding = Attributes.of(
                        "strides",
                        y.attributes().ints("strides"),
                        "pads",
                        y.attributes().ints("pads"))
                .with("dilations", ones(kernel.length))
                .with("group", 1);
        Value window = g.like(1).expand(planes(1, kernel));
        Value count = y.attributes().flag("count_include_pad")
                ? g.like(Arrays.stream(kernel).reduce(1, Math::multiplyExact))
                : Value.of(Op.CONV, sliding, g.like(1).expand(planes(1, spatial(x))), window);
        int images = x.dim(0) * x.dim(1);
        Value share = g.div(count).reshape(planes(images, spatial(y)));
        Value dx = ConvolutionGradients.inputGradient(share, window, planes(images, spatial(x)), sliding);
        return list(dx.reshape(x.shape()));
    }

    /** Offset by offset of the window: where the element there is the maximum, it gets its share. */
    static List<Value> max(Value y, Value g) {
        Value x = y.in(0);
        int[] pads = allPads(y);
        Value padded = Value.of(
                Op.PAD, Attributes.of("pads", pads, "mode", "constant").with("value", Double.NEGATIVE_INFINITY), x);
        int[] steps = ones(x.rank());
        System.arraycopy(y.attributes().ints("strides"), 0, steps, 2, x.rank() - 2);
        List<int[]> offsets = offsets(y.attributes().ints("kernel_shape"));
        List<Value> hits = new ArrayList<>();
        for (int[] offset : offsets) {
            Value element = padded.slice(offset, y.shape().toArray(), steps);
            hits.add(element.equal(y).cast(g.type()));
        }
        Value share = g.div(hits.stream().reduce(Value::add).orElseThrow());
        Value dPadded = IntStream.range(0, hits.size())
                .mapToObj(i -> ShapeGradients.place(hits.get(i).mul(share), padded.shape(), offsets.get(i), steps))
                .reduce(Value::add)
                .orElseThrow();
        return list(dPadded.slice(Arrays.copyOf(pads, x.rank()), x.shape().toArray(), ones(x.rank())));
    }

    /** The pads of all axes: none before and after batch and channels. */
    private static int[] allPads(Value y) {
        int[] pads = y.attributes().ints("pads");
        int spatial = pads.length / 2;
        int[] all = new int[2 * y.rank()];
        System.arraycopy(pads, 0, all, 2, spatial);
        System.arraycopy(pads, spatial, all, y.rank() + 2, spatial);
        return all;
    }

    /** Where a window's elements are relative to its first one, on all axes. */
    private static List<int[]> offsets(int[] kernel) {
        List<int[]> offsets = List.of(new int[kernel.length + 2]);
        for (int axis = 0; axis < kernel.length; axis++) {
            List<int[]> longer = new ArrayList<>();
            for (int[] offset : offsets) {
                for (int k = 0; k < kernel[axis]; k++) {
                    int[] copy = offset.clone();
                    copy[axis + 2] = k;
                    longer.add(copy);
                }
            }
            offsets = longer;
        }
        return offsets;
    }

    private static int[] spatial(Value value) {
        return Arrays.copyOfRange(value.shape().toArray(), 2, value.rank());
    }

    /** Images of one channel. */
    private static Shape planes(int count, int[] spatial) {
        return Shape.of(
                IntStream.concat(IntStream.of(count, 1), Arrays.stream(spatial)).toArray());
    }
}
