package dev.rlcm.rewrite.convolution;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A convolution by Winograd's minimal filtering, Y = A^T [(G g G^T) * (B^T d B)] A for each tile of m x m outputs (Lavin
 * and Gray, arXiv:1509.09308, eq. 8), written as products and transposes: (m + 2)^2 multiplications for the 9 m^2 of the
 * direct form.
 *
 * <p>The transform of all tiles of a line at once is one product with a banded matrix; padding and tiles that overhang are
 * part of the matrix. Transposes bring the position in the tile to the front, one product for each position works on
 * all tiles, and the way back is the same. Its gradient by the input is the transposed map, of the same operators. Since a
 * banded product costs in proportion to the length of the line, long lines can be cut into overlapping blocks. Not
 * thread-safe.
 */
final class MinimalFiltering {
    /** Outputs of a block along each side: a multiple of every tile, and as long as transforms are cheap. */
    static final int BLOCK = 64;

    private final LoweredWeights weights;
    private final Map<Band, Value> bands = new HashMap<>();

    MinimalFiltering(LoweredWeights weights) {
        this.weights = weights;
    }

    /** What a banded matrix depends on; a convolution that has one in common with another shares it. */
    private record Band(boolean output, Tile tile, int size, int pad, int tiles, DataType type) {}

    /** Outputs {@code start} to {@code end} of one axis, from all inputs that they read; {@code pad} zeros come before. */
    private record Span(int start, int end, int from, int to, int pad) {
        static Span of(int start, int end, int inputs, int pad, Tile tile) {
            int first = start / tile.upsampling() - pad;
            int behind = end / tile.upsampling() - pad + Tile.TAPS - 1;
            return new Span(start, end, Math.max(0, first), Math.min(inputs, behind), Math.max(0, -first));
        }

        static List<Span> cut(int outputs, int inputs, int pad, int longest, Tile tile) {
            List<Span> spans = new ArrayList<>();
            for (int start = 0; start < outputs; start += longest) {
                spans.add(of(start, Math.min(outputs, start + longest), inputs, pad, tile));
            }
            return spans;
        }

        int outputs() {
            return end - start;
        }
    }

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

    /**
     * The value of a convolution that {@link #fits} and has the form, up to rounding.
     *
     * @param longest outputs of a block along each side; what is longer is cut
     */
    Value apply(Value conv, FilteredForm form, int longest) {
        int[] pads = conv.attributes().ints("pads");
        Tile tile = form.tile();
        Value picture = tile.upsampling() == 1 ? conv.in(0) : conv.in(0).in(0);
        Value kernel = FilteredKernel.of(conv.in(1), form, weights);
        List<Span> columns = Span.cut(conv.dim(3), picture.dim(3), pads[1], longest, tile);
        List<Value> lines = new ArrayList<>();
        for (Span height : Span.cut(conv.dim(2), picture.dim(2), pads[0], longest, tile)) {
            Value x = picture.slice(2, height.from(), height.to());
            lines.add(Value.concat(
                    3,
                    columns.stream()
                            .map(width -> block(x.slice(3, width.from(), width.to()), kernel, form, height, width))
                            .toList()));
        }
        Value y = Value.concat(2, lines);
        Value labelled = Value.of(y.op(), y.attributes(), y.inputs(), conv.label());
        return conv.inputs().size() < 3 ? labelled : labelled.add(conv.in(2).reshape(1, conv.dim(1), 1, 1));
    }

    private Value block(Value x, Value kernel, FilteredForm form, Span height, Span width) {
        return form.isChannelsLast()
                ? channelsLast(x, kernel, form.tile(), height, width)
                : channelsFirst(x, kernel, form.tile(), height, width);
    }

    private Value channelsFirst(Value x, Value kernel, Tile tile, Span height, Span width) {
        int n = tile.inputs();
        int rows = x.dim(0);
        int in = x.dim(1);
        int out = kernel.dim(1);
        int high = tile.count(height.outputs());
        int wide = tile.count(width.outputs());
        Value positions = input(tile, x, 2, height.pad(), high)
                .matmul(x.matmul(input(tile, x, 3, width.pad(), wide), false, true))
                .reshape(rows, in, n, high, n, wide)
                .transpose(2, 4, 1, 0, 3, 5)
                .reshape(n * n, in, rows * high * wide);
        Value products = kernel.matmul(positions)
                .reshape(n, n, out, rows, high, wide)
                .transpose(3, 2, 0, 4, 1, 5)
                .reshape(rows, out, n * high, n * wide);
        return output(tile, height.outputs(), x.type())
                .matmul(products.matmul(output(tile, width.outputs(), x.type()), false, true));
    }

    private Value channelsLast(Value x, Value kernel, Tile tile, Span height, Span width) {
        int n = tile.inputs();
        int rows = x.dim(0);
        int in = x.dim(1);
        int out = kernel.dim(2);
        int high = tile.count(height.outputs());
        int wide = tile.count(width.outputs());
        Value positions = input(tile, x, 3, width.pad(), wide)
                .matmul(x.transpose(0, 2, 3, 1))
                .reshape(rows, x.dim(2), n, wide, in)
                .transpose(2, 1, 0, 3, 4)
                .reshape(n, x.dim(2), rows * wide * in);
        Value products = input(tile, x, 2, height.pad(), high)
                .matmul(positions)
                .reshape(n * n, high * rows * wide, in)
                .matmul(kernel)
                .reshape(n, n * high, rows * wide * out);
        Value columns = output(tile, height.outputs(), x.type())
                .matmul(products)
                .reshape(n, height.outputs(), rows, wide, out)
                .transpose(2, 1, 0, 3, 4)
                .reshape(rows, height.outputs(), n * wide, out);
        return output(tile, width.outputs(), x.type()).matmul(columns).transpose(0, 3, 1, 2);
    }

    /** B^T of all tiles of a line, [n T, size], the position in the tile first; beyond the line there are zeros. */
    private Value input(Tile tile, Value x, int axis, int pad, int tiles) {
        int size = x.dim(axis);
        return bands.computeIfAbsent(new Band(false, tile, size, pad, tiles, x.type()), band -> {
            TensorData matrix = TensorData.zeros(x.type(), Shape.of(tile.inputs() * tiles, size));
            for (int i = 0; i < tile.inputs(); i++) {
                for (int t = 0; t < tiles; t++) {
                    for (int j = 0; j < tile.inputs(); j++) {
                        int at = t * tile.step() + j - pad;
                        if (at >= 0 && at < size) {
                            matrix.setDouble((i * tiles + t) * size + at, tile.input()[i][j]);
                        }
                    }
                }
            }
            return Value.constant(matrix);
        });
    }

    /** A^T of all tiles of a line, [size, n T]; what the last tile has too much is cut off. */
    private Value output(Tile tile, int size, DataType type) {
        int tiles = tile.count(size);
        return bands.computeIfAbsent(new Band(true, tile, size, 0, tiles, type), band -> {
            TensorData matrix = TensorData.zeros(type, Shape.of(size, tile.inputs() * tiles));
            for (int at = 0; at < size; at++) {
                for (int j = 0; j < tile.inputs(); j++) {
                    int column = j * tiles + at / tile.outputs();
                    matrix.setDouble(at * tile.inputs() * tiles + column, tile.output()[at % tile.outputs()][j]);
                }
            }
            return Value.constant(matrix);
        });
    }
}
