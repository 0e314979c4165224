package dev.rlcm.rewrite.folding;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;

/** Operators that only move elements: bytes are copied, whatever their type, in runs as long as possible. */
public final class MovementFolding {
    private MovementFolding() {}

    static void addTo(Map<Op, Folder> table) {
        table.put(Op.RESHAPE, node -> node.in(0).data().reshape(node.shape()));
        table.put(Op.TRANSPOSE, MovementFolding::transpose);
        table.put(Op.EXPAND, MovementFolding::expand);
        table.put(Op.SLICE, MovementFolding::slice);
        table.put(Op.CONCAT, MovementFolding::concat);
        table.put(Op.PAD, MovementFolding::pad);
        table.put(Op.TRILU, MovementFolding::triangle);
    }

    private static TensorData transpose(Value node) {
        int[] strides = StridedLoop.dense(node.in(0).shape());
        int[] permuted = Arrays.stream(node.attributes().ints("perm"))
                .map(axis -> strides[axis])
                .toArray();
        return collect(node, 0, permuted);
    }

    private static TensorData expand(Value node) {
        return collect(node, 0, StridedLoop.broadcast(node.in(0).shape(), node.shape()));
    }

    private static TensorData slice(Value node) {
        int[] starts = node.attributes().ints("starts");
        int[] steps = node.attributes().ints("steps");
        int[] strides = StridedLoop.dense(node.in(0).shape());
        int from = 0;
        for (int axis = 0; axis < strides.length; axis++) {
            from += starts[axis] * strides[axis];
            strides[axis] *= steps[axis];
        }
        return collect(node, from, strides);
    }

    /** The elements of operand 0 from a position on, with a stride per axis of the result. */
    private static TensorData collect(Value node, int from, int[] strides) {
        TensorData out = TensorData.zeros(node.type(), node.shape());
        copy(node.shape(), node.in(0).data(), from, strides, out, 0, StridedLoop.dense(node.shape()));
        return out;
    }

    private static TensorData concat(Value node) {
        TensorData out = TensorData.zeros(node.type(), node.shape());
        int[] strides = StridedLoop.dense(node.shape());
        int to = 0;
        for (Value part : node.inputs()) {
            copy(part.shape(), part.data(), 0, StridedLoop.dense(part.shape()), out, to, strides);
            int axis = node.attributes().integer("axis");
            to += part.dim(axis) * strides[axis];
        }
        return out;
    }

    /** Mode "constant"; {@link ConstantFolding} keeps the others away. */
    private static TensorData pad(Value node) {
        Attributes a = node.attributes();
        double filling = a.real("value");
        TensorData out = filling == 0
                ? TensorData.zeros(node.type(), node.shape())
                : TensorData.generate(node.type(), node.shape(), i -> filling);
        int[] strides = StridedLoop.dense(node.shape());
        int to = 0;
        for (int axis = 0; axis < strides.length; axis++) {
            to += a.ints("pads")[axis] * strides[axis];
        }
        Shape inner = node.in(0).shape();
        copy(inner, node.in(0).data(), 0, StridedLoop.dense(inner), out, to, strides);
        return out;
    }

    private static TensorData triangle(Value node) {
        boolean upper = node.attributes().flag("upper");
        int k = node.attributes().integer("k");
        int rows = node.dim(-2);
        int columns = node.dim(-1);
        int width = node.type().bytes();
        TensorData out = TensorData.zeros(node.type(), node.shape());
        ByteBuffer source = node.in(0).data().bytes();
        ByteBuffer target = out.bytes();
        for (int start = 0; start < out.size(); start += columns) {
            long diagonal = (long) start / columns % rows + k;
            int first = upper ? (int) Math.max(0, Math.min(diagonal, columns)) : 0;
            int end = upper ? columns : (int) Math.max(0, Math.min(diagonal + 1, columns));
            target.put((start + first) * width, source, (start + first) * width, (end - first) * width);
        }
        return out;
    }

    /** Copies elements from a position on, with a stride per axis of the shape, to a position of another tensor. */
    public static void copy(
            Shape shape, TensorData source, int from, int[] fromStrides, TensorData target, int to, int[] toStrides) {
        StridedLoop loop = new StridedLoop(shape, fromStrides, toStrides);
        int width = source.type().bytes();
        int length = loop.rowLength();
        ByteBuffer in = source.bytes();
        ByteBuffer out = target.bytes();
        if (loop.rowStride(0) == 1 && loop.rowStride(1) == 1) {
            loop.forEachRow(at -> out.put((to + at[1]) * width, in, (from + at[0]) * width, length * width));
            return;
        }
        int step = loop.rowStride(0) * width;
        int advance = loop.rowStride(1) * width;
        loop.forEachRow(at -> {
            int i = (from + at[0]) * width;
            int o = (to + at[1]) * width;
            for (int j = 0; j < length; j++, i += step, o += advance) {
                switch (width) {
                    case 1 -> out.put(o, in.get(i));
                    case 2 -> out.putShort(o, in.getShort(i));
                    case 4 -> out.putInt(o, in.getInt(i));
                    default -> out.putLong(o, in.getLong(i));
                }
            }
        });
    }
}
