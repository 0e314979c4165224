package dev.rlcm.rewrite.convolution;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import java.util.stream.IntStream;

/** Transformed kernels, G g G^T for every filter, computed in double precision and rounded once. Stateless. */
final class FilteredKernel {
    /** Filters that are transformed at a time, as many floats as a line of the cache holds; their results are neighbours. */
    private static final int LANES = 16;

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
        IntStream.range(0, (out + LANES - 1) / LANES).parallel().forEach(block -> {
            int first = block * LANES;
            transform(kernel.rows(first, Math.min(out, first + LANES)), first, out, form, result);
        });
        return result;
    }

    /** Transforms at most {@link #LANES} output channels, whose filters are given, in the order in which their results lie. */
    private static void transform(TensorData filters, int first, int out, FilteredForm form, TensorData result) {
        int count = filters.shape().dim(0);
        int in = filters.shape().dim(1);
        int size = Tile.TAPS * Tile.TAPS;
        Lanes lanes = new Lanes(form.tile().kernel());
        if (form.isChannelsLast()) {
            for (int column = 0; column < in; column++) {
                lanes.read(filters, column * size, in * size, count);
                lanes.write(result, column * out + first, in * out, true);
            }
        } else {
            for (int row = 0; row < count; row++) {
                for (int column = 0; column < in; column += LANES) {
                    lanes.read(filters, (row * in + column) * size, size, Math.min(LANES, in - column));
                    lanes.write(result, (first + row) * in + column, in * out, false);
                }
            }
        }
    }

    /** Filters side by side, so that every sum is one of vectors. */
    private static final class Lanes {
        private final double[][] g;
        private final int n;
        private final double[][] taps = new double[Tile.TAPS * Tile.TAPS][LANES];
        private final double[][] half;
        private final double[] point = new double[LANES];
        private int count;

        /** @param g [n, 3] */
        Lanes(double[][] g) {
            this.g = g;
            this.n = g.length;
            this.half = new double[n * Tile.TAPS][LANES];
        }

        /** Reads filters whose first elements are a stride apart, and computes G g. */
        void read(TensorData filters, int first, int stride, int filterCount) {
            count = filterCount;
            for (int lane = 0; lane < count; lane++) {
                for (int tap = 0; tap < taps.length; tap++) {
                    taps[tap][lane] = filters.getDouble(first + lane * stride + tap);
                }
            }
            for (int i = 0; i < n; i++) {
                for (int s = 0; s < Tile.TAPS; s++) {
                    sum(g[i], taps[s], taps[Tile.TAPS + s], taps[2 * Tile.TAPS + s], half[i * Tile.TAPS + s]);
                }
            }
        }

        /** Computes G g G^T; the points of a filter lie a stride apart, {@code turned} by width and height. */
        void write(TensorData result, int first, int stride, boolean turned) {
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    int row = i * Tile.TAPS;
                    sum(g[j], half[row], half[row + 1], half[row + 2], point);
                    int at = first + (turned ? j * n + i : i * n + j) * stride;
                    for (int lane = 0; lane < count; lane++) {
                        result.setDouble(at + lane, point[lane]);
                    }
                }
            }
        }

        private static void sum(double[] factors, double[] x, double[] y, double[] z, double[] result) {
            double a = factors[0];
            double b = factors[1];
            double c = factors[2];
            for (int lane = 0; lane < LANES; lane++) {
                result[lane] = a * x[lane] + b * y[lane] + c * z[lane];
            }
        }
    }
}
