package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Resize, axis by axis: repeated elements where nearest enlargement is by an integer factor, a Gather for any other nearest
 * one, a product with a constant matrix for linear and cubic.
 */
final class ResizeTranslations {
    private ResizeTranslations() {}

    static void register(OperatorTable table) {
        table.row("Resize", ResizeTranslations::resize).row("Upsample", ResizeTranslations::upsample);
    }

    /** Scales are an attribute before opset 9. */
    private static Value upsample(OnnxNode node) {
        return scaled(
                node, node.opset() < 9 ? node.reals("scales") : node.constant(1).toDoubles());
    }

    /** By scales alone, as before opset 11: coordinates are divided by the scale. */
    private static Value scaled(OnnxNode node, double[] scales) {
        Interpolation interpolation = new Interpolation(
                node.text("mode", "nearest"), "asymmetric", Interpolation.OUTWARD, -0.75, false, false);
        OnnxNode.demandCount("scales", node.in(0).rank(), scales.length);
        return apply(node, interpolation, scales, new long[0], allAxes(node.in(0)));
    }

    /** Inputs are (x, roi, scales, sizes), and (x, scales) in opset 10. */
    private static Value resize(OnnxNode node) {
        if (node.opset() < 11) {
            return scaled(node, node.constant(1).toDoubles());
        }
        Interpolation interpolation = new Interpolation(
                node.text("mode", "nearest"),
                node.text("coordinate_transformation_mode", "half_pixel"),
                node.text("nearest_mode", "round_prefer_floor"),
                node.real("cubic_coeff_a", -0.75),
                node.flag("exclude_outside", false),
                node.flag("antialias", false));
        boolean scaled = node.has(2) && node.in(2).shape().size() > 0;
        double[] scales = scaled ? node.constant(2).toDoubles() : new double[0];
        long[] sizes = !scaled && node.has(3) ? node.longs(3) : new long[0];
        int[] axes = node.hasAttribute("axes")
                ? Arrays.stream(node.ints("axes"))
                        .map(a -> OnnxNode.axis(a, node.in(0).rank()))
                        .toArray()
                : allAxes(node.in(0));
        OnnxNode.demandCount("scales or sizes", axes.length, Math.max(scales.length, sizes.length));
        String policy = node.text("keep_aspect_ratio_policy", "stretch");
        return sizes.length > 0 && !policy.equals("stretch")
                ? apply(node, interpolation, common(node.in(0), sizes, axes, policy), sizes, axes)
                : apply(node, interpolation, scales, sizes, axes);
    }

    /** One scale for all axes, and in place of the sizes what comes of it, rounded half up. */
    private static double[] common(Value x, long[] sizes, int[] axes, String policy) {
        DoubleStream ratios = IntStream.range(0, axes.length).mapToDouble(i -> (double) sizes[i] / x.dim(axes[i]));
        double scale =
                switch (policy) {
                    case "not_larger" -> ratios.min().orElse(1);
                    case "not_smaller" -> ratios.max().orElse(1);
                    default -> throw new GraphException("keep_aspect_ratio_policy " + policy + " is not supported");
                };
        double[] scales = new double[axes.length];
        Arrays.fill(scales, scale);
        for (int i = 0; i < axes.length; i++) {
            sizes[i] = (long) (scale * x.dim(axes[i]) + 0.5);
        }
        return scales;
    }

    private static int[] allAxes(Value x) {
        return IntStream.range(0, x.rank()).toArray();
    }

    private static Value apply(OnnxNode node, Interpolation interpolation, double[] scales, long[] sizes, int[] axes) {
        Value x = node.in(0);
        int[] factors = new int[x.rank()];
        Arrays.fill(factors, 1);
        Value result = x;
        for (int i = 0; i < axes.length; i++) {
            int extent = x.dim(axes[i]);
            int size = sizes.length > 0 ? Math.toIntExact(sizes[i]) : (int) Math.floor(extent * (float) scales[i]);
            float scale = scales.length > 0 ? (float) scales[i] : (float) size / extent;
            Interpolation.Axis axis = interpolation.along(extent, size, scale);
            if (axis.isIdentity()) {
                continue;
            }
            if (axis.repeats()) {
                factors[axes[i]] = size / extent;
            } else {
                result = interpolation.nearest() ? gather(result, axes[i], axis) : blend(result, axes[i], axis);
            }
        }
        boolean enlarged = Arrays.stream(factors).anyMatch(f -> f != 1);
        return enlarged ? node.apply(Op.RESIZE, Attributes.of("scales", factors), result) : result;
    }

    private static Value gather(Value x, int axis, Interpolation.Axis along) {
        long[] indices = Arrays.stream(along.sources()).asLongStream().toArray();
        return x.gather(axis, Value.constant(TensorData.longs(Shape.of(indices.length), indices)));
    }

    /** The last axis: x W^T; the one before: W x; any other is moved to the end and back. */
    private static Value blend(Value x, int axis, Interpolation.Axis along) {
        Value weights = Value.constant(along.weights(x.type()));
        int last = x.rank() - 1;
        if (axis == last && last > 0) {
            return x.matmul(weights, false, true);
        }
        if (axis == last - 1) {
            return weights.matmul(x);
        }
        if (last == 0) {
            return x.reshape(1, x.dim(0)).matmul(weights, false, true).reshape(along.size());
        }
        int[] swap = allAxes(x);
        swap[axis] = last;
        swap[last] = axis;
        return x.transpose(swap).matmul(weights, false, true).transpose(swap);
    }
}
