package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Gradients of the operators that move elements by position. */
final class ShapeGradients {
    private ShapeGradients() {}

    static int[] inverse(int[] perm) {
        int[] inverse = new int[perm.length];
        for (int i = 0; i < perm.length; i++) {
            inverse[perm[i]] = i;
        }
        return inverse;
    }

    /** The adjoint of SLICE: zeros of the shape, but the block where the slice was taken. */
    static Value place(Value block, Shape shape, int[] starts, int[] steps) {
        if (block.shape().size() == 0) {
            return zeros(block, shape);
        }
        int rank = shape.rank();
        int[] first = starts.clone();
        int[] stride = new int[rank];
        int[] pads = new int[2 * rank];
        for (int i = 0; i < rank; i++) {
            int last = starts[i] + steps[i] * (block.dim(i) - 1);
            first[i] = Math.min(starts[i], last);
            stride[i] = block.dim(i) == 1 ? 1 : steps[i];
            pads[i] = first[i];
            pads[i + rank] = shape.dim(i) - 1 - Math.max(starts[i], last);
        }
        return dilate(reverse(block, stride), stride).pad(pads);
    }

    /** The block with the axes of negative step reversed. */
    private static Value reverse(Value block, int[] steps) {
        int[] starts = new int[steps.length];
        int[] signs = new int[steps.length];
        for (int i = 0; i < steps.length; i++) {
            signs[i] = Integer.signum(steps[i]);
            starts[i] = steps[i] < 0 ? block.dim(i) - 1 : 0;
        }
        return block.slice(starts, block.shape().toArray(), signs);
    }

    /** |step| - 1 zeros between neighbours: each element becomes a row padded with zeros, of which the last is cut. */
    private static Value dilate(Value block, int[] steps) {
        if (Arrays.stream(steps).allMatch(s -> Math.abs(s) == 1)) {
            return block;
        }
        int rank = steps.length;
        int[] split = new int[2 * rank];
        int[] pads = new int[4 * rank];
        int[] merged = new int[rank];
        int[] sizes = new int[rank];
        int[] ones = new int[rank];
        for (int i = 0; i < rank; i++) {
            int step = Math.abs(steps[i]);
            split[2 * i] = block.dim(i);
            split[2 * i + 1] = 1;
            pads[2 * rank + 2 * i + 1] = step - 1;
            merged[i] = block.dim(i) * step;
            sizes[i] = merged[i] - step + 1;
            ones[i] = 1;
        }
        return block.reshape(split).pad(pads).reshape(merged).slice(new int[rank], sizes, ones);
    }

    static List<Value> concat(Value y, Value g) {
        int axis = y.attributes().integer("axis");
        List<Value> parts = new ArrayList<>();
        int start = 0;
        for (Value part : y.inputs()) {
            parts.add(g.slice(axis, start, start + part.dim(axis)));
            start += part.dim(axis);
        }
        return parts;
    }

    /** The inner part; borders that repeat elements are folded back onto these, axis by axis. */
    static List<Value> pad(Value y, Value g) {
        int[] pads = y.attributes().ints("pads");
        String mode = y.attributes().text("mode");
        Value folded = g;
        for (int axis = 0; axis < y.rank(); axis++) {
            folded = unpad(folded, axis, pads[axis], y.in(0).dim(axis), mode);
        }
        return list(folded);
    }

    private static Value unpad(Value g, int axis, int before, int extent, String mode) {
        int end = before + extent;
        int after = g.dim(axis) - end;
        Value inner = g.slice(axis, before, end);
        if (mode.equals("constant")) {
            return inner;
        }
        boolean reflect = mode.equals("reflect");
        if (before > 0) {
            Value border = g.slice(axis, 0, before);
            inner = inner.add(fold(border, axis, inner.shape(), reflect ? 1 : 0, reflect));
        }
        if (after > 0) {
            Value border = g.slice(axis, end, end + after);
            inner = inner.add(fold(border, axis, inner.shape(), reflect ? extent - 1 - after : extent - 1, reflect));
        }
        return inner;
    }

    /** The border mirrored, or summed to one slice, and put at a position of the axis. */
    private static Value fold(Value border, int axis, Shape shape, int start, boolean reflect) {
        int[] starts = new int[shape.rank()];
        int[] steps = new int[shape.rank()];
        Arrays.fill(steps, 1);
        starts[axis] = reflect ? start + border.dim(axis) - 1 : start;
        steps[axis] = reflect ? -1 : 1;
        return place(reflect ? border : border.sum(true, axis), shape, starts, steps);
    }

    /** The sum over each block of copies. */
    static List<Value> resize(Value y, Value g) {
        int[] scales = y.attributes().ints("scales");
        List<Integer> split = new ArrayList<>();
        List<Integer> copies = new ArrayList<>();
        for (int i = 0; i < scales.length; i++) {
            split.add(y.in(0).dim(i));
            if (scales[i] > 1) {
                copies.add(split.size());
                split.add(scales[i]);
            }
        }
        return list(g.reshape(ints(split)).sum(false, ints(copies)));
    }

    static Value zeros(Value like, Shape shape) {
        return like.like(0).expand(shape);
    }

    private static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }
}
