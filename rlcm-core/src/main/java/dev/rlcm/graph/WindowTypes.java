package dev.rlcm.graph;

import static dev.rlcm.graph.TypeRules.demand;
import static dev.rlcm.graph.TypeRules.like;
import static dev.rlcm.graph.TypeRules.sameType;
import static dev.rlcm.graph.TypeRules.shape;

import java.util.List;

/** Types of the operators that slide a window over the spatial axes of [B,C,...]. */
final class WindowTypes {
    private WindowTypes() {}

    static TensorType conv(Attributes a, List<Value> in) {
        Value x = in.get(0);
        Value w = in.get(1);
        int group = a.integer("group");
        checkRanks(x, w);
        demand(group > 0 && x.dim(1) == group * w.dim(1), "the kernel expects " + group * w.dim(1) + " channels");
        demand(w.dim(0) % group == 0, "groups do not divide the kernel's outputs");
        checkBias(in, w.dim(0));
        sameType(in);
        int[] dims = x.shape().toArray();
        dims[1] = w.dim(0);
        for (int i = 0; i < x.rank() - 2; i++) {
            int span = a.ints("dilations")[i] * (w.dim(i + 2) - 1) + 1;
            dims[i + 2] = windows(a, i, x, span);
        }
        return like(in, Shape.of(dims));
    }

    static TensorType convTranspose(Attributes a, List<Value> in) {
        Value x = in.get(0);
        Value w = in.get(1);
        int group = a.integer("group");
        checkRanks(x, w);
        demand(
                group > 0 && x.dim(1) == w.dim(0) && w.dim(0) % group == 0,
                "the kernel expects " + w.dim(0) + " channels");
        checkBias(in, w.dim(1) * group);
        sameType(in);
        int spatial = x.rank() - 2;
        int[] pads = pads(a, spatial);
        int[] dims = x.shape().toArray();
        dims[1] = w.dim(1) * group;
        for (int i = 0; i < spatial; i++) {
            int span = a.ints("dilations")[i] * (w.dim(i + 2) - 1) + 1;
            dims[i + 2] = a.ints("strides")[i] * (x.dim(i + 2) - 1)
                    + span
                    + a.ints("output_padding")[i]
                    - pads[i]
                    - pads[i + spatial];
            demand(dims[i + 2] > 0, "empty result");
        }
        return like(in, Shape.of(dims));
    }

    static TensorType pool(Attributes a, List<Value> in) {
        Value x = in.get(0);
        demand(x.rank() >= 3 && a.ints("kernel_shape").length == x.rank() - 2, "needs [B,C,...] and a kernel per axis");
        int[] dims = x.shape().toArray();
        for (int i = 0; i < x.rank() - 2; i++) {
            dims[i + 2] = windows(a, i, x, a.ints("kernel_shape")[i]);
        }
        return like(in, Shape.of(dims));
    }

    private static int windows(Attributes a, int axis, Value x, int span) {
        int spatial = x.rank() - 2;
        int[] pads = pads(a, spatial);
        int room = x.dim(axis + 2) + pads[axis] + pads[axis + spatial] - span;
        demand(room >= 0 && a.ints("strides")[axis] > 0, "the window does not fit");
        return room / a.ints("strides")[axis] + 1;
    }

    private static int[] pads(Attributes a, int spatial) {
        int[] pads = a.ints("pads");
        demand(pads.length == 2 * spatial, "needs two pads per spatial axis");
        return pads;
    }

    private static void checkRanks(Value x, Value w) {
        demand(x.rank() >= 3 && x.rank() == w.rank(), "needs [B,C,...] and a kernel of the same rank");
    }

    private static void checkBias(List<Value> in, int channels) {
        demand(in.size() < 3 || shape(in, 2).equals(Shape.of(channels)), "the bias must have shape [" + channels + "]");
    }
}
