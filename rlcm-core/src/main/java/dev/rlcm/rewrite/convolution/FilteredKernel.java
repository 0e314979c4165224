package dev.rlcm.rewrite.convolution;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import java.util.stream.IntStream;

/** Transformed kernels, G g G^T for every filter, computed in double precision and rounded once. Stateless. */
final class FilteredKernel {
    /** Output channels that are read and transformed at a time, as many floats as a line of the cache holds. */
    private static final int ROWS = 16;

    private FilteredKernel() {}

    /**
     * The transformed kernel as the products of a form use it.
     *
     * @param kernel [M, C, 3, 3]
     * @return [n^2, M, C] by height and width, or, with channels last, [n^2, C, M] by width and height
     */
    static Value of(Value kernel, FilteredForm form, LoweredWeights weights) {
        int out = kernel.dim(0);
        int in = kernel.dim(1);
        Shape shape = form.isChannelsLast() ? Shape.of(form.points(), in, out) : Shape.of(form.points(), out, in);
        return weights.derived(kernel, form, shape, () -> transformed(kernel.data(), shape, form));
    }

    private static TensorData transformed(TensorData kernel, Shape shape, FilteredForm form) {
        int out = kernel.shape().dim(0);
        TensorData result = TensorData.zeros(kernel.type(), shape);
        IntStream.range(0, (out + ROWS - 1) / ROWS).parallel().forEach(block -> {
            int first = block * ROWS;
            transform(kernel.rows(first, Math.min(out, first + ROWS)), first, out, form, result);
        });
        return result;
    }

    /** Transforms some output channels, whose filters are given, in the order in which their results lie. */
    private static void transform(TensorData filters, int first, int out, FilteredForm form, TensorData result) {
        int count = filters.shape().dim(0);
        int in = filters.shape().dim(1);
        int n = form.tile().inputs();
        double[] half = new double[n * Tile.TAPS];
        double[] points = new double[n * n];
        for (int k = 0; k < count * in; k++) {
            int row = form.isChannelsLast() ? k % count : k / in;
            int column = form.isChannelsLast() ? k / count : k % in;
            transform(
                    filters,
                    (row * in + column) * Tile.TAPS * Tile.TAPS,
                    form.tile().kernel(),
                    half,
                    points);
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    int at = form.isChannelsLast()
                            ? ((j * n + i) * in + column) * out + first + row
                            : ((i * n + j) * out + first + row) * in + column;
                    result.setDouble(at, points[i * n + j]);
                }
            }
        }
    }

    /** G g G^T of the filter g that begins at an element of the kernel. */
    private static void transform(TensorData kernel, int first, double[][] g, double[] half, double[] points) {
        int n = g.length;
        for (int i = 0; i < n; i++) {
            for (int s = 0; s < Tile.TAPS; s++) {
                double sum = 0;
                for (int r = 0; r < Tile.TAPS; r++) {
                    sum += g[i][r] * kernel.getDouble(first + r * Tile.TAPS + s);
                }
                half[i * Tile.TAPS + s] = sum;
            }
        }
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int s = 0; s < Tile.TAPS; s++) {
                    sum += half[i * Tile.TAPS + s] * g[j][s];
                }
                points[i * n + j] = sum;
            }
        }
    }
}
