package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Operators that move elements without changing them: reshapes, transposes, slices, joins. */
final class ShapeTranslations {
    private ShapeTranslations() {}

    static void register(OperatorTable table) {
        table.row("Reshape", ShapeTranslations::reshape)
                .row("Flatten", node -> flatten(node.in(0), flattenAxis(node)))
                .row("Squeeze", ShapeTranslations::squeeze)
                .row("Unsqueeze", ShapeTranslations::unsqueeze)
                .row("Transpose", ShapeTranslations::transpose)
                .row("Expand", ShapeTranslations::expand)
                .row("Slice", ShapeTranslations::slice)
                .row("Concat", ShapeTranslations::concat)
                .row("DepthToSpace", ShapeTranslations::depthToSpace)
                .row("SpaceToDepth", ShapeTranslations::spaceToDepth)
                .rows("", "Split", ShapeTranslations::split);
    }

    /**
     * Reals of several types become those of the widest, as PyTorch has it, whose dynamo exporter leaves the casts out:
     * in Stable Diffusion XL in half precision, the embedding of sizes is float32 and that of the text is not.
     */
    private static Value concat(OnnxNode node) {
        List<Value> operands = node.allInputs();
        DataType first = node.in(0).type();
        if (operands.stream().allMatch(v -> v.type().isFloating())
                && operands.stream().anyMatch(v -> v.type() != first)) {
            boolean wide = operands.stream().anyMatch(v -> v.type() == DataType.FLOAT64);
            DataType common = wide ? DataType.FLOAT64 : DataType.FLOAT32;
            operands = operands.stream().map(v -> v.cast(common)).toList();
        }
        return Value.concat(OnnxNode.axis(node.integer("axis", 1), node.in(0).rank()), operands);
    }

    private static Value reshape(OnnxNode node) {
        Value x = node.in(0);
        long[] target = node.longs(1);
        boolean zeroIsZero = node.flag("allowzero", false);
        int open = -1;
        long known = 1;
        for (int i = 0; i < target.length; i++) {
            if (target[i] == 0 && !zeroIsZero) {
                target[i] = x.dim(i);
            }
            if (target[i] == -1 && open < 0) {
                open = i;
            } else {
                known = Math.multiplyExact(known, target[i]);
            }
        }
        if (open >= 0) {
            if (known == 0 || x.shape().size() % known != 0) {
                throw new GraphException("cannot reshape " + x.shape() + " to " + Arrays.toString(target));
            }
            target[open] = x.shape().size() / known;
        }
        return node.apply(Op.RESHAPE, Attributes.of("shape", Shape.of(target).toArray()), x);
    }

    /** A matrix of the axes before {@code axis} and those from it on. */
    static Value flatten(Value x, int axis) {
        int rows = IntStream.range(0, axis).map(x::dim).reduce(1, Math::multiplyExact);
        int columns = IntStream.range(axis, x.rank()).map(x::dim).reduce(1, Math::multiplyExact);
        return x.reshape(rows, columns);
    }

    /** Values of one shape along a new axis. */
    static Value stack(List<Value> values, int axis) {
        int rank = values.get(0).rank() + 1;
        int at = OnnxNode.axis(axis, rank);
        List<Value> slices = new ArrayList<>();
        for (Value value : values) {
            int[] dims = value.shape().toArray();
            int[] wide = new int[rank];
            System.arraycopy(dims, 0, wide, 0, at);
            wide[at] = 1;
            System.arraycopy(dims, at, wide, at + 1, dims.length - at);
            slices.add(value.reshape(wide));
        }
        return Value.concat(at, slices);
    }

    private static int flattenAxis(OnnxNode node) {
        int axis = node.integer("axis", 1);
        return axis == node.in(0).rank() ? axis : OnnxNode.axis(axis, node.in(0).rank());
    }

    private static Value squeeze(OnnxNode node) {
        Value x = node.in(0);
        boolean named = node.has(1) || node.hasAttribute("axes");
        int[] axes = named
                ? node.axes(1, x.rank())
                : IntStream.range(0, x.rank()).filter(i -> x.dim(i) == 1).toArray();
        for (int axis : axes) {
            if (x.dim(axis) != 1) {
                throw new GraphException("axis " + axis + " of " + x.shape() + " is not 1");
            }
        }
        return x.reshape(IntStream.range(0, x.rank())
                .filter(i -> Arrays.binarySearch(axes, i) < 0)
                .map(x::dim)
                .toArray());
    }

    private static Value unsqueeze(OnnxNode node) {
        Value x = node.in(0);
        int count = node.has(1) ? node.longs(1).length : node.ints("axes").length;
        int rank = x.rank() + count;
        int[] axes = node.axes(1, rank);
        int[] dims = new int[rank];
        int next = 0;
        for (int i = 0; i < rank; i++) {
            dims[i] = Arrays.binarySearch(axes, i) >= 0 ? 1 : x.dim(next++);
        }
        return x.reshape(dims);
    }

    private static Value transpose(OnnxNode node) {
        Value x = node.in(0);
        int[] reversed = IntStream.range(0, x.rank()).map(i -> x.rank() - 1 - i).toArray();
        return node.apply(Op.TRANSPOSE, Attributes.of("perm", node.ints("perm", reversed)), x);
    }

    private static Value expand(OnnxNode node) {
        return node.in(0).expand(Shape.broadcast(node.in(0).shape(), Shape.of(node.longs(1))));
    }

    /** Starts, ends and axes are attributes before opset 10. */
    private static Value slice(OnnxNode node) {
        Value x = node.in(0);
        boolean attributes = node.opset() < 10;
        long[] starts = attributes ? node.longInts("starts") : node.longs(1);
        long[] ends = attributes ? node.longInts("ends") : node.longs(2);
        long[] axes = attributes ? node.longInts("axes") : node.has(3) ? node.longs(3) : new long[0];
        long[] steps = node.has(4) ? node.longs(4) : new long[0];
        OnnxNode.demandCount("ends", starts.length, ends.length);
        OnnxNode.demandCount("axes", starts.length, axes.length == 0 ? starts.length : axes.length);
        OnnxNode.demandCount("steps", starts.length, steps.length == 0 ? starts.length : steps.length);
        int[] begin = new int[x.rank()];
        int[] sizes = x.shape().toArray();
        int[] stride = new int[x.rank()];
        Arrays.fill(stride, 1);
        for (int i = 0; i < starts.length; i++) {
            int axis = axes.length == 0 ? i : OnnxNode.axis(Math.toIntExact(axes[i]), x.rank());
            int extent = x.dim(axis);
            long step = steps.length == 0 ? 1 : Math.max(-Integer.MAX_VALUE, Math.min(Integer.MAX_VALUE, steps[i]));
            if (step == 0) {
                throw new GraphException("a step is 0");
            }
            long from = bound(starts[i], extent, 0, step > 0 ? extent : extent - 1);
            long to = bound(ends[i], extent, step > 0 ? 0 : -1, step > 0 ? extent : extent - 1);
            long size = Math.max(0, step > 0 ? (to - from + step - 1) / step : (from - to - step - 1) / -step);
            begin[axis] = size == 0 ? 0 : (int) from;
            sizes[axis] = (int) size;
            stride[axis] = (int) step;
        }
        return x.slice(begin, sizes, stride);
    }

    private static long bound(long index, int extent, long low, long high) {
        long counted = index < 0 ? index + extent : index;
        return Math.max(low, Math.min(high, counted));
    }

    /** Sizes are an attribute, an input (opset 13), or equal parts, where the last may be smaller (opset 18). */
    private static List<Value> split(OnnxNode node) {
        Value x = node.in(0);
        int axis = OnnxNode.axis(node.integer("axis", 0), x.rank());
        long[] sizes = node.has(1) ? node.longs(1) : node.longInts("split");
        int parts = sizes.length > 0 ? sizes.length : node.integer("num_outputs", node.outputCount());
        int chunk = (x.dim(axis) + parts - 1) / parts;
        List<Value> pieces = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < parts; i++) {
            int end = sizes.length > 0 ? Math.toIntExact(start + sizes[i]) : Math.min(x.dim(axis), start + chunk);
            pieces.add(x.slice(axis, start, end));
            start = end;
        }
        return pieces;
    }

    /** [B, C, H, W] to [B, C/n^2, nH, nW]; DCR: the block offsets are the leading part of C, CRD: the trailing one. */
    private static Value depthToSpace(OnnxNode node) {
        Value x = node.in(0);
        int n = node.integer("blocksize", 1);
        int c = x.dim(1) / (n * n);
        boolean leading = node.text("mode", "DCR").equals("DCR");
        Value blocks = leading
                ? x.reshape(x.dim(0), n, n, c, x.dim(2), x.dim(3)).transpose(0, 3, 4, 1, 5, 2)
                : x.reshape(x.dim(0), c, n, n, x.dim(2), x.dim(3)).transpose(0, 1, 4, 2, 5, 3);
        return blocks.reshape(x.dim(0), c, x.dim(2) * n, x.dim(3) * n);
    }

    private static Value spaceToDepth(OnnxNode node) {
        Value x = node.in(0);
        int n = node.integer("blocksize", 1);
        return x.reshape(x.dim(0), x.dim(1), x.dim(2) / n, n, x.dim(3) / n, n)
                .transpose(0, 3, 5, 1, 2, 4)
                .reshape(x.dim(0), x.dim(1) * n * n, x.dim(2) / n, x.dim(3) / n);
    }
}
