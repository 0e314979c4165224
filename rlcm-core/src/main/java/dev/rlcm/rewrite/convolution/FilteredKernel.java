package dev.rlcm.rewrite.convolution;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import java.util.stream.IntStream;

/** Transformed kernels, G g G^T for every filter, computed in double precision and rounded once. Stateless. */
final class FilteredKernel {
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
        return weights.derived(
                kernel, form, shape, () -> transformed(kernel.data().readOnce(), shape, form));
    }

    private static TensorData transformed(TensorData kernel, Shape shape, FilteredForm form) {
        int rows = shape.dim(1);
        int columns = shape.dim(2);
        int n = form.tile().inputs();
        TensorData result = TensorData.zeros(kernel.type(), shape);
        IntStream.range(0, rows).parallel().forEach(row -> {
            double[][] points = new double[n * n][columns];
            double[] half = new double[n * Tile.TAPS];
            for (int column = 0; column < columns; column++) {
                int filter = form.isChannelsLast() ? column * rows + row : row * columns + column;
                transform(kernel, filter * Tile.TAPS * Tile.TAPS, form.tile().kernel(), half, points, column);
            }
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    int position = form.isChannelsLast() ? j * n + i : i * n + j;
                    int first = (position * rows + row) * columns;
                    for (int column = 0; column < columns; column++) {
                        result.setDouble(first + column, points[i * n + j][column]);
                    }
                }
            }
        });
        return result;
    }

    /** G g G^T of the filter g that begins at an element of the kernel, as a column of the points. */
    private static void transform(
            TensorData kernel, int first, double[][] g, double[] half, double[][] points, int column) {
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
                points[i * n + j][column] = sum;
            }
        }
    }
}
