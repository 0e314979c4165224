package dev.rlcm.rewrite.convolution;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewrite;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A convolution by Winograd's minimal filtering, Y = A^T [(G g G^T) * (B^T d B)] A for each tile of m x m outputs (Lavin
 * and Gray, arXiv:1509.09308, eq. 8), written as products and transposes: (m + 2)^2 multiplications for the 9 m^2 of the
 * direct form.
 *
 * <p>The transform of all tiles of a line at once is one product with a banded matrix, from the left along the height and
 * from the right along the width; padding and tiles that overhang are part of the matrix. A transpose brings the position
 * in the tile to the front, one product for each position works on all tiles, and the way back is the same. Its gradient by
 * the input is the transposed map, of the same operators. Not thread-safe.
 */
final class MinimalFiltering {
    /** Names the constants of the form, whose transposes the gradient wants. */
    private static final String LABEL = "minimal filtering";

    /** Transformed kernels that are in use, by the kernel. */
    private static final Map<TensorData, Map<Tile, WeakReference<TensorData>>> TRANSFORMED =
            Collections.synchronizedMap(new WeakHashMap<>());

    private final LoweredWeights weights;
    private final Map<Band, Value> bands = new HashMap<>();

    MinimalFiltering(LoweredWeights weights) {
        this.weights = weights;
    }

    /** What a banded matrix depends on; a convolution that has one in common with another shares it. */
    private record Band(boolean output, int tile, int size, int pad, int tiles, DataType type) {}

    /** Whether a node is a convolution that has the form: 3x3 with a constant kernel, of stride 1 and without groups. */
    static boolean fits(Value node) {
        return node.is(Op.CONV)
                && node.rank() == 4
                && node.in(1).is(Op.CONSTANT)
                && node.in(1).dim(2) == Tile.TAPS
                && node.in(1).dim(3) == Tile.TAPS
                && node.attributes().integer("group") == 1
                && isOnes(node.attributes().ints("strides"))
                && isOnes(node.attributes().ints("dilations"));
    }

    private static boolean isOnes(int[] values) {
        return Arrays.stream(values).allMatch(value -> value == 1);
    }

    /** The value of a convolution that {@link #fits}, up to rounding. */
    Value apply(Value conv, Tile tile) {
        Value x = conv.in(0);
        int[] pads = conv.attributes().ints("pads");
        int n = tile.inputs();
        int rows = x.dim(0);
        int in = x.dim(1);
        int out = conv.dim(1);
        int high = tiles(conv.dim(2), tile);
        int wide = tiles(conv.dim(3), tile);
        Value columns = input(tile, x.dim(3), pads[1], wide, x.type());
        Value lines = input(tile, x.dim(2), pads[0], high, x.type());
        Value spread = lines.matmul(x.matmul(columns, false, true));
        Value positions = spread.reshape(rows, in, n, high, n, wide)
                .transpose(2, 4, 1, 0, 3, 5)
                .reshape(n * n, in, rows * high * wide);
        Value products = kernel(conv.in(1), tile)
                .matmul(positions)
                .reshape(n, n, out, rows, high, wide)
                .transpose(3, 2, 0, 4, 1, 5)
                .reshape(rows, out, n * high, n * wide);
        Value back = output(tile, conv.dim(2), high, x.type())
                .matmul(products.matmul(output(tile, conv.dim(3), wide, x.type()), false, true));
        Value labelled = Value.of(back.op(), back.attributes(), back.inputs(), conv.label());
        return conv.inputs().size() < 3 ? labelled : labelled.add(conv.in(2).reshape(1, out, 1, 1));
    }

    /** Tiles of a line, the last of which may overhang. */
    static int tiles(int size, Tile tile) {
        return (size + tile.outputs() - 1) / tile.outputs();
    }

    /** [n^2, M, C] of a kernel [M, C, 3, 3]. */
    private Value kernel(Value kernel, Tile tile) {
        int n = tile.inputs();
        Shape shape = Shape.of(n * n, kernel.dim(0), kernel.dim(1));
        return labelled(weights.derived(kernel, shape, () -> shared(kernel.data(), shape, tile)));
    }

    /** One copy for all graphs with that kernel, such as a sampler's and a trainer's. */
    private static TensorData shared(TensorData kernel, Shape shape, Tile tile) {
        Map<Tile, WeakReference<TensorData>> forms =
                TRANSFORMED.computeIfAbsent(kernel, k -> new ConcurrentHashMap<>());
        WeakReference<TensorData> known = forms.get(tile);
        TensorData data = known == null ? null : known.get();
        if (data == null) {
            data = transformed(kernel, shape, tile);
            forms.put(tile, new WeakReference<>(data));
        }
        return data;
    }

    private static Value labelled(Value weight) {
        return weight.is(Op.CONSTANT) ? Value.constant(weight.data(), LABEL) : weight;
    }

    /** G g G^T in double precision, rounded once. */
    private static TensorData transformed(TensorData kernel, Shape shape, Tile tile) {
        int n = tile.inputs();
        int filters = shape.dim(1) * shape.dim(2);
        double[][] g = tile.kernel();
        double[] half = new double[n * Tile.TAPS];
        TensorData result = TensorData.zeros(kernel.type(), shape);
        for (int filter = 0; filter < filters; filter++) {
            int first = filter * Tile.TAPS * Tile.TAPS;
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
                    result.setDouble((i * n + j) * filters + filter, sum);
                }
            }
        }
        return result;
    }

    /** B^T of all tiles of a line, [n T, size], the position in the tile first; beyond the line there are zeros. */
    private Value input(Tile tile, int size, int pad, int tiles, DataType type) {
        return bands.computeIfAbsent(new Band(false, tile.outputs(), size, pad, tiles, type), band -> {
            TensorData matrix = TensorData.zeros(type, Shape.of(tile.inputs() * tiles, size));
            for (int i = 0; i < tile.inputs(); i++) {
                for (int t = 0; t < tiles; t++) {
                    for (int j = 0; j < tile.inputs(); j++) {
                        int at = t * tile.outputs() + j - pad;
                        if (at >= 0 && at < size) {
                            matrix.setDouble((i * tiles + t) * size + at, tile.input()[i][j]);
                        }
                    }
                }
            }
            return Value.constant(matrix, LABEL);
        });
    }

    /** A^T of all tiles of a line, [size, n T]; what the last tile has too much is cut off. */
    private Value output(Tile tile, int size, int tiles, DataType type) {
        return bands.computeIfAbsent(new Band(true, tile.outputs(), size, 0, tiles, type), band -> {
            TensorData matrix = TensorData.zeros(type, Shape.of(size, tile.inputs() * tiles));
            for (int at = 0; at < size; at++) {
                for (int j = 0; j < tile.inputs(); j++) {
                    int column = j * tiles + at / tile.outputs();
                    matrix.setDouble(at * tile.inputs() * tiles + column, tile.output()[at % tile.outputs()][j]);
                }
            }
            return Value.constant(matrix, LABEL);
        });
    }

    /**
     * The same function with constants of the form transposed once, where its gradient multiplies by their transposes from
     * the left: ONNX Runtime takes such an operand two to three times slower than one that lies as it is used.
     */
    static Graph transposeConstants(Graph graph, LoweredWeights weights) {
        return Rewriter.rewrite(
                graph,
                Rewrite.on(Op.MATMUL)
                        .where(y -> y.attributes().flag("transA")
                                && y.in(0).is(Op.CONSTANT)
                                && y.in(0).label().equals(LABEL))
                        .to(y -> Value.of(
                                Op.MATMUL,
                                Attributes.of(
                                        "transA",
                                        false,
                                        "transB",
                                        y.attributes().flag("transB")),
                                List.of(transposed(y.in(0), weights), y.in(1)),
                                y.label())));
    }

    private static Value transposed(Value matrices, LoweredWeights weights) {
        int rank = matrices.rank();
        int rows = matrices.dim(-2);
        int columns = matrices.dim(-1);
        Shape shape = matrices.shape().with(rank - 2, columns).with(rank - 1, rows);
        return weights.derived(matrices, shape, () -> {
            TensorData data = matrices.data();
            TensorData result = TensorData.zeros(data.type(), shape);
            for (int i = 0; i < data.size(); i++) {
                int matrix = i / (rows * columns);
                int row = i / columns % rows;
                result.setDouble((matrix * columns + i % columns) * rows + row, data.getDouble(i));
            }
            return result;
        });
    }
}
