package dev.rlcm.rewrite.folding;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.List;

/** Blocks of a tensor that is zero elsewhere, which is what gradients of slices are. */
final class Blocks {
    private Blocks() {}

    /**
     * The sum of two blocks that border on each other along an axis and agree along all others, as a CONCAT of the
     * blocks; the value itself if it is no such sum.
     */
    static Value joined(Value sum) {
        Value a = sum.in(0);
        Value b = sum.in(1);
        if (!isBlock(a) || !isBlock(b) || !a.shape().equals(b.shape())) {
            return sum;
        }
        int axis = differing(a, b);
        if (axis < 0) {
            return sum;
        }
        boolean ordered = begin(a, axis) < begin(b, axis);
        Value first = ordered ? a : b;
        Value second = ordered ? b : a;
        int border = begin(first, axis) + first.in(0).dim(axis);
        if (border != begin(second, axis)) {
            return sum;
        }
        int[] pads = first.attributes().ints("pads");
        pads[axis + sum.rank()] -= second.in(0).dim(axis);
        return Value.concat(axis, List.of(first.in(0), second.in(0))).pad(pads);
    }

    private static boolean isBlock(Value value) {
        return value.is(Op.PAD)
                && value.attributes().text("mode").equals("constant")
                && value.attributes().real("value") == 0;
    }

    /** The only axis along which the pads differ, or -1 if there is none or more than one. */
    private static int differing(Value a, Value b) {
        int axis = -1;
        int count = 0;
        for (int i = 0; i < a.rank(); i++) {
            if (begin(a, i) != begin(b, i) || a.in(0).dim(i) != b.in(0).dim(i)) {
                axis = i;
                count++;
            }
        }
        return count == 1 ? axis : -1;
    }

    private static int begin(Value padded, int axis) {
        return padded.attributes().ints("pads")[axis];
    }
}
