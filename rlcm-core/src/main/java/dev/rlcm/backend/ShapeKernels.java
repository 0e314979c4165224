package dev.rlcm.backend;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.List;
import java.util.Map;

/** Operators that rearrange elements at places known beforehand. */
final class ShapeKernels {
    private ShapeKernels() {}

    static void addTo(Map<Op, Kernel> table) {
        table.put(Op.AFTER, (y, in) -> in.get(0));
        table.put(Op.RESHAPE, (y, in) -> in.get(0).reshape(y.shape()));
        table.put(Op.EXPAND, (y, in) -> in.get(0).expand(y.shape()));
        table.put(Op.TRANSPOSE, (y, in) -> transpose(in.get(0), y.attributes().ints("perm")));
        table.put(Op.SLICE, (y, in) -> slice(y, in.get(0)));
        table.put(Op.CONCAT, ShapeKernels::concat);
        table.put(Op.PAD, (y, in) -> pad(y, in.get(0)));
        table.put(Op.TRILU, (y, in) -> trilu(y, in.get(0)));
        table.put(Op.RESIZE, (y, in) -> resize(y, in.get(0)));
    }

    static Tensor transpose(Tensor x, int... perm) {
        int[] dims = new int[perm.length];
        for (int i = 0; i < perm.length; i++) {
            dims[i] = x.shape().dim(perm[i]);
        }
        int[] source = new int[perm.length];
        return x.pick(Shape.of(dims), index -> {
            for (int i = 0; i < perm.length; i++) {
                source[perm[i]] = index[i];
            }
            return Index.position(x.shape(), source);
        });
    }

    private static Tensor slice(Value y, Tensor x) {
        int[] starts = y.attributes().ints("starts");
        int[] steps = y.attributes().ints("steps");
        int[] source = new int[starts.length];
        return x.pick(y.shape(), index -> {
            for (int i = 0; i < source.length; i++) {
                source[i] = starts[i] + index[i] * steps[i];
            }
            return Index.position(x.shape(), source);
        });
    }

    private static Tensor concat(Value y, List<Tensor> in) {
        int axis = y.attributes().integer("axis");
        Tensor result = Tensor.zeros(in.get(0).isReal(), y.shape());
        int begin = 0;
        for (Tensor part : in) {
            int offset = begin;
            result.put(part, index -> {
                int[] target = index.clone();
                target[axis] += offset;
                return Index.position(y.shape(), target);
            });
            begin += part.shape().dim(axis);
        }
        return result;
    }

    private static Tensor pad(Value y, Tensor x) {
        int[] begins = y.attributes().ints("pads");
        String mode = y.attributes().text("mode");
        int[] source = new int[x.shape().rank()];
        return x.pick(
                y.shape(),
                index -> {
                    for (int i = 0; i < source.length; i++) {
                        int extent = x.shape().dim(i);
                        int at = index[i] - begins[i];
                        boolean inside = at >= 0 && at < extent;
                        if (!inside && mode.equals("constant")) {
                            return -1;
                        }
                        source[i] = inside ? at : mode.equals("edge") ? clamp(at, extent) : reflect(at, extent);
                    }
                    return Index.position(x.shape(), source);
                },
                y.attributes().real("value"));
    }

    private static int clamp(int at, int extent) {
        return Math.max(0, Math.min(at, extent - 1));
    }

    /** Mirrors about the first and last elements, which are not repeated. */
    private static int reflect(int at, int extent) {
        if (extent == 1) {
            return 0;
        }
        int phase = Math.floorMod(at, 2 * (extent - 1));
        return Math.min(phase, 2 * (extent - 1) - phase);
    }

    /** Upper keeps column - row >= k, lower column - row <= k. */
    private static Tensor trilu(Value y, Tensor x) {
        boolean upper = y.attributes().flag("upper");
        int k = y.attributes().integer("k");
        int rank = y.rank();
        return x.pick(y.shape(), index -> {
            int diagonal = index[rank - 1] - index[rank - 2];
            return (upper ? diagonal >= k : diagonal <= k) ? Index.position(x.shape(), index) : -1;
        });
    }

    private static Tensor resize(Value y, Tensor x) {
        int[] scales = y.attributes().ints("scales");
        int[] source = new int[scales.length];
        return x.pick(y.shape(), index -> {
            for (int i = 0; i < source.length; i++) {
                source[i] = index[i] / scales[i];
            }
            return Index.position(x.shape(), source);
        });
    }
}
