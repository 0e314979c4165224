package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Pools. The graph's pools have no dilations and no windows beyond the padding: such averages become convolutions with
 * ones, such maxima those of one strided slice per element of the window.
 */
final class PoolTranslations {
    private PoolTranslations() {}

    static void register(OperatorTable table) {
        table.row("MaxPool", PoolTranslations::maxPool)
                .row("AveragePool", PoolTranslations::averagePool)
                .row("LpPool", PoolTranslations::lpPool)
                .row("GlobalAveragePool", node -> node.apply(Op.REDUCE_MEAN, spatial(node.in(0)), node.in(0)))
                .row("GlobalMaxPool", node -> node.apply(Op.REDUCE_MAX, spatial(node.in(0)), node.in(0)))
                .row("GlobalLpPool", node -> {
                    int[] axes = ReductionTranslations.axesFrom(2, node.in(0).rank());
                    double p = exponent(node);
                    return root(power(node.in(0), p).sum(true, axes), p);
                });
    }

    private static Attributes spatial(Value x) {
        return Attributes.of("axes", ReductionTranslations.axesFrom(2, x.rank()), "keepdims", true);
    }

    private static Value maxPool(OnnxNode node) {
        Windows windows = windows(node);
        if (node.wants(1)) {
            throw new GraphException("the indices of MaxPool are not supported");
        }
        return windows.isDilated()
                ? dilatedMaximum(node.in(0), windows)
                : node.apply(Op.MAX_POOL, attributes(windows), node.in(0));
    }

    private static Value averagePool(OnnxNode node) {
        Value x = node.in(0);
        boolean includePad = node.flag("count_include_pad", false);
        int[] declaredPads = windowsWithoutCeil(node).pads();
        Windows windows = windows(node);
        boolean overhangs = !Arrays.equals(declaredPads, windows.pads());
        if (!windows.isDilated() && !(includePad && overhangs)) {
            return node.apply(Op.AVERAGE_POOL, attributes(windows).with("count_include_pad", includePad), x);
        }
        Value sums = windowSums(x, windows);
        int[] counted = includePad ? declaredPads : new int[declaredPads.length];
        return sums.mul(reciprocalCounts(x, sums, windows, counted));
    }

    /** (sum of |x|^p)^(1/p) over each window. */
    private static Value lpPool(OnnxNode node) {
        double p = exponent(node);
        return root(windowSums(power(node.in(0), p), windows(node)), p);
    }

    private static double exponent(OnnxNode node) {
        return node.integer("p", 2);
    }

    private static Value power(Value x, double p) {
        return p == 2 ? x.square() : p == 1 ? x.abs() : x.abs().pow(p);
    }

    private static Value root(Value x, double p) {
        return p == 2 ? x.sqrt() : p == 1 ? x : x.pow(1 / p);
    }

    private static Windows windowsWithoutCeil(OnnxNode node) {
        return Windows.of(node, node.in(0), node.ints("kernel_shape"));
    }

    private static Windows windows(OnnxNode node) {
        Windows windows = windowsWithoutCeil(node);
        if (node.flag("ceil_mode", false)) {
            windows.padToCeil(node.in(0));
        }
        return windows;
    }

    private static Attributes attributes(Windows windows) {
        return Attributes.of("kernel_shape", windows.kernel(), "strides", windows.strides())
                .with("pads", windows.pads());
    }

    /** Sums over windows as a convolution of one channel with ones. */
    private static Value windowSums(Value x, Windows windows) {
        int[] dims = x.shape().toArray();
        int[] spatial = Arrays.copyOfRange(dims, 2, dims.length);
        Value planes = x.reshape(shape(dims[0] * dims[1], 1, spatial));
        Value ones = x.like(1).expand(shape(1, 1, windows.kernel()));
        Attributes sliding = Attributes.of("strides", windows.strides(), "pads", windows.pads())
                .with("dilations", windows.dilations())
                .with("group", 1);
        Value sums = Value.of(Op.CONV, sliding, planes, ones);
        return sums.reshape(
                shape(dims[0], dims[1], Arrays.copyOfRange(sums.shape().toArray(), 2, dims.length)));
    }

    private static Shape shape(int first, int second, int[] spatial) {
        return Shape.of(IntStream.concat(IntStream.of(first, second), Arrays.stream(spatial))
                .toArray());
    }

    /** One over the number of elements of each window that lie in the input or its counted pads. */
    private static Value reciprocalCounts(Value x, Value result, Windows windows, int[] countedPads) {
        Value counts = x.like(1);
        int axes = windows.axes();
        for (int axis = 0; axis < axes; axis++) {
            int[] dims = new int[x.rank()];
            Arrays.fill(dims, 1);
            dims[axis + 2] = result.dim(axis + 2);
            int low = -countedPads[axis];
            int high = x.dim(axis + 2) + countedPads[axis + axes];
            int begin = windows.pads()[axis];
            int stride = windows.strides()[axis];
            int dilation = windows.dilations()[axis];
            int extent = windows.kernel()[axis];
            TensorData along = TensorData.generate(x.type(), Shape.of(dims), i -> IntStream.range(0, extent)
                    .map(k -> i * stride + k * dilation - begin)
                    .filter(at -> at >= low && at < high)
                    .count());
            counts = counts.mul(Value.constant(along));
        }
        return counts.reciprocal();
    }

    private static Value dilatedMaximum(Value x, Windows windows) {
        int axes = windows.axes();
        int[] pads = new int[2 * x.rank()];
        int[] sizes = x.shape().toArray();
        int[] steps = new int[x.rank()];
        Arrays.fill(steps, 1);
        for (int i = 0; i < axes; i++) {
            pads[i + 2] = windows.pads()[i];
            pads[i + 2 + x.rank()] = windows.pads()[i + axes];
            int room = x.dim(i + 2) + windows.pads()[i] + windows.pads()[i + axes] - windows.span(i);
            sizes[i + 2] = room / windows.strides()[i] + 1;
            steps[i + 2] = windows.strides()[i];
        }
        Attributes lowest = Attributes.of("pads", pads, "mode", "constant").with("value", lowest(x.type()));
        Value padded = Value.of(Op.PAD, lowest, x);
        Value result = null;
        for (int offset = 0; offset < Arrays.stream(windows.kernel()).reduce(1, Math::multiplyExact); offset++) {
            int[] starts = new int[x.rank()];
            int rest = offset;
            for (int i = axes - 1; i >= 0; i--) {
                starts[i + 2] = rest % windows.kernel()[i] * windows.dilations()[i];
                rest /= windows.kernel()[i];
            }
            Value element = padded.slice(starts, sizes, steps);
            result = result == null ? element : result.max(element);
        }
        if (result == null) {
            throw new GraphException("the window is empty");
        }
        return result;
    }

    private static double lowest(DataType type) {
        return switch (type) {
            case UINT8, BOOL -> 0;
            case INT8 -> Byte.MIN_VALUE;
            case INT16 -> Short.MIN_VALUE;
            case INT32, INT64 -> Integer.MIN_VALUE;
            default -> Double.NEGATIVE_INFINITY;
        };
    }
}
