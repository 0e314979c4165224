package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.List;

/** Operators that repeat or surround elements. */
final class TilingTranslations {
    private TilingTranslations() {}

    static void register(OperatorTable table) {
        table.row("Tile", node -> tile(node.in(0), node.longs(1)))
                .row("Pad", TilingTranslations::pad)
                .row("CenterCropPad", TilingTranslations::centred);
    }

    /** [a, b] to [ra, a, rb, b], expanded in the new axes, to [ra a, rb b]. */
    private static Value tile(Value x, long[] repeats) {
        int rank = x.rank();
        if (repeats.length != rank) {
            throw new GraphException("needs " + rank + " repeats, got " + Arrays.toString(repeats));
        }
        int[] split = new int[2 * rank];
        int[] repeated = new int[2 * rank];
        int[] merged = new int[rank];
        for (int i = 0; i < rank; i++) {
            int times = Math.toIntExact(repeats[i]);
            split[2 * i] = 1;
            repeated[2 * i] = times;
            split[2 * i + 1] = x.dim(i);
            repeated[2 * i + 1] = x.dim(i);
            merged[i] = Math.multiplyExact(times, x.dim(i));
        }
        return x.reshape(split).expand(Shape.of(repeated)).reshape(merged);
    }

    /** Pads and value are attributes before opset 11, axes exist from opset 18 on. Negative pads crop. */
    private static Value pad(OnnxNode node) {
        Value x = node.in(0);
        int rank = x.rank();
        boolean attributes = node.opset() < 11;
        long[] given = attributes ? node.longInts("pads") : node.longs(1);
        int[] axes = node.has(3)
                ? Arrays.stream(node.longs(3))
                        .mapToInt(a -> OnnxNode.axis((int) a, rank))
                        .toArray()
                : null;
        int count = axes == null ? rank : axes.length;
        if (given.length != 2 * count) {
            throw new GraphException("needs " + 2 * count + " pads, got " + Arrays.toString(given));
        }
        int[] pads = new int[2 * rank];
        for (int i = 0; i < count; i++) {
            int axis = axes == null ? i : axes[i];
            pads[axis] = Math.toIntExact(given[i]);
            pads[axis + rank] = Math.toIntExact(given[i + count]);
        }
        double value = attributes ? node.real("value", 0) : node.has(2) ? node.scalar(2) : 0;
        return surround(node, crop(x, pads), pads, value);
    }

    /** To a shape: what is too long loses as much at both ends, what is too short gains zeros; an odd one at the end. */
    private static Value centred(OnnxNode node) {
        Value x = node.in(0);
        long[] target = node.longs(1);
        int[] axes = node.ints("axes", ReductionTranslations.axesFrom(0, x.rank()));
        OnnxNode.demandCount("extents", axes.length, target.length);
        int[] pads = new int[2 * x.rank()];
        for (int i = 0; i < axes.length; i++) {
            int axis = OnnxNode.axis(axes[i], x.rank());
            int missing = Math.toIntExact(target[i]) - x.dim(axis);
            pads[axis] = missing / 2;
            pads[axis + x.rank()] = missing - pads[axis];
        }
        return crop(x, pads).pad(Arrays.stream(pads).map(p -> Math.max(0, p)).toArray());
    }

    private static Value crop(Value x, int[] pads) {
        Value cropped = x;
        for (int i = 0; i < x.rank(); i++) {
            int start = Math.max(0, -pads[i]);
            int end = x.dim(i) - Math.max(0, -pads[i + x.rank()]);
            cropped = cropped.slice(i, start, end);
        }
        return cropped;
    }

    private static Value surround(OnnxNode node, Value x, int[] pads, double value) {
        int[] outer = Arrays.stream(pads).map(p -> Math.max(0, p)).toArray();
        String mode = node.text("mode", "constant");
        if (mode.equals("wrap")) {
            return wrap(x, outer);
        }
        if (Arrays.stream(outer).allMatch(p -> p == 0)) {
            return x;
        }
        return node.apply(Op.PAD, Attributes.of("pads", outer, "mode", mode).with("value", value), x);
    }

    private static Value wrap(Value x, int[] pads) {
        Value wrapped = x;
        for (int i = 0; i < x.rank(); i++) {
            int before = pads[i];
            int after = pads[i + x.rank()];
            if (before > x.dim(i) || after > x.dim(i)) {
                throw new GraphException("wraps axis " + i + " of " + x.shape() + " more than once");
            }
            if (before > 0 || after > 0) {
                Value head = wrapped.slice(i, x.dim(i) - before, x.dim(i));
                wrapped = Value.concat(i, List.of(head, wrapped, wrapped.slice(i, 0, after)));
            }
        }
        return wrapped;
    }
}
