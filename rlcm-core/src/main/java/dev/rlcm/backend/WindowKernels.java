package dev.rlcm.backend;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Operators that slide a window over the spatial axes, as sums over the offsets within the window: at each offset, an
 * output element meets one input element or the padding.
 */
final class WindowKernels {
    private WindowKernels() {}

    static void addTo(Map<Op, Kernel> table) {
        table.put(Op.CONV, WindowKernels::conv);
        table.put(Op.CONV_TRANSPOSE, WindowKernels::convTranspose);
        table.put(Op.MAX_POOL, (y, in) -> maxPool(y, in.get(0)));
        table.put(Op.AVERAGE_POOL, (y, in) -> averagePool(y, in.get(0)));
    }

    /** y[b, m, p] = bias[m] + sum over offsets o and the group's channels c of w[m, c, o] x[b, c, source(p, o)]. */
    private static Tensor conv(Value y, List<Tensor> in) {
        Tensor w = in.get(1);
        Window window = new Window(spatial(in.get(0).shape()), spatial(y.shape()), spatial(w.shape()), y.attributes());
        int group = y.attributes().integer("group");
        int outputs = y.dim(1) / group;
        int channels = w.shape().dim(1);
        double[] result = new double[(int) y.shape().size()];
        for (int offset = 0; offset < window.offsets(); offset++) {
            int[] source = window.sources(offset);
            for (int g = 0; g < y.dim(0) * group; g++) { // a group of a sample
                double[] kernel = new double[outputs * channels];
                for (int i = 0; i < kernel.length; i++) {
                    kernel[i] = w.reals()[(g % group * kernel.length + i) * window.offsets() + offset];
                }
                double[] patch = new double[channels * source.length];
                for (int i = 0; i < patch.length; i++) {
                    int from = source[i % source.length];
                    int plane = (g * channels + i / source.length) * window.inputPositions();
                    patch[i] = from < 0 ? 0 : in.get(0).reals()[plane + from];
                }
                double[] part = MatrixKernels.product(kernel, patch, outputs, channels, source.length);
                for (int i = 0; i < part.length; i++) {
                    result[g * part.length + i] += part[i];
                }
            }
        }
        addBias(result, y.shape(), in);
        return Tensor.reals(y.shape(), result);
    }

    /**
     * The adjoint of the convolution from y's shape to x's: y[b, m, source(p, o)] += w[c, m, o] x[b, c, p], plus the
     * bias; w's first axis is the concatenation of the groups' channels.
     */
    private static Tensor convTranspose(Value y, List<Tensor> in) {
        Shape x = in.get(0).shape();
        Tensor w = in.get(1);
        Window window = new Window(spatial(y.shape()), spatial(x), spatial(w.shape()), y.attributes());
        int group = y.attributes().integer("group");
        int outputs = w.shape().dim(1);
        int channels = x.dim(1) / group;
        double[] result = new double[(int) y.shape().size()];
        for (int offset = 0; offset < window.offsets(); offset++) {
            int[] source = window.sources(offset);
            for (int g = 0; g < y.dim(0) * group; g++) { // a group of a sample
                double[] kernel = new double[outputs * channels];
                for (int i = 0; i < kernel.length; i++) {
                    int at = (g % group * channels + i % channels) * outputs + i / channels;
                    kernel[i] = w.reals()[at * window.offsets() + offset];
                }
                int block = channels * source.length;
                double[] groupX = Arrays.copyOfRange(in.get(0).reals(), g * block, (g + 1) * block);
                double[] part = MatrixKernels.product(kernel, groupX, outputs, channels, source.length);
                for (int i = 0; i < part.length; i++) {
                    int to = source[i % source.length];
                    if (to >= 0) {
                        result[(g * outputs + i / source.length) * window.inputPositions() + to] += part[i];
                    }
                }
            }
        }
        addBias(result, y.shape(), in);
        return Tensor.reals(y.shape(), result);
    }

    private static void addBias(double[] result, Shape shape, List<Tensor> in) {
        if (in.size() == 3) {
            int positions = Index.size(shape, 2, shape.rank());
            for (int i = 0; i < result.length; i++) {
                result[i] += in.get(2).reals()[i / positions % shape.dim(1)];
            }
        }
    }

    /** Pools take integers of at most 32 bits, which doubles hold exactly. */
    private static Tensor maxPool(Value y, Tensor x) {
        Window window = pool(y, x);
        double[] result = new double[(int) y.shape().size()];
        Arrays.fill(result, Double.NEGATIVE_INFINITY);
        for (int offset = 0; offset < window.offsets(); offset++) {
            int[] source = window.sources(offset);
            for (int i = 0; i < result.length; i++) {
                int from = source[i % source.length];
                if (from >= 0) {
                    double candidate = x.real(i / source.length * window.inputPositions() + from);
                    result[i] = Math.max(result[i], candidate);
                }
            }
        }
        return x.isReal()
                ? Tensor.reals(y.shape(), result)
                : Tensor.wholes(
                        y.shape(),
                        Arrays.stream(result).mapToLong(v -> (long) v).toArray());
    }

    /** The divisor is the size of the window if the padding counts; otherwise it is the number of elements in the input. */
    private static Tensor averagePool(Value y, Tensor x) {
        Window window = pool(y, x);
        boolean countPadding = y.attributes().flag("count_include_pad");
        double[] sums = new double[(int) y.shape().size()];
        int[] counts = new int[sums.length];
        for (int offset = 0; offset < window.offsets(); offset++) {
            int[] source = window.sources(offset);
            for (int i = 0; i < sums.length; i++) {
                int from = source[i % source.length];
                if (from >= 0) {
                    sums[i] += x.reals()[i / source.length * window.inputPositions() + from];
                    counts[i]++;
                }
            }
        }
        for (int i = 0; i < sums.length; i++) {
            sums[i] /= countPadding ? window.offsets() : counts[i];
        }
        return Tensor.reals(y.shape(), sums);
    }

    private static Window pool(Value y, Tensor x) {
        int[] ones = new int[y.rank() - 2];
        Arrays.fill(ones, 1);
        Attributes undilated = y.attributes().with("dilations", ones);
        Shape kernel = Shape.of(y.attributes().ints("kernel_shape"));
        return new Window(spatial(x.shape()), spatial(y.shape()), kernel, undilated);
    }

    private static Shape spatial(Shape shape) {
        return Shape.of(Arrays.copyOfRange(shape.toArray(), 2, shape.rank()));
    }
}
