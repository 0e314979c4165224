package dev.rlcm.backend;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/** Operators that read or write elements at computed indices; negative indices count from the end. */
final class IndexingKernels {
    private IndexingKernels() {}

    static void addTo(Map<Op, Kernel> table) {
        table.put(Op.GATHER, IndexingKernels::gather);
        table.put(Op.GATHER_ELEMENTS, IndexingKernels::gatherElements);
        table.put(Op.GATHER_ND, IndexingKernels::gatherNd);
        table.put(Op.SCATTER_ELEMENTS, IndexingKernels::scatterElements);
        table.put(Op.SCATTER_ND, IndexingKernels::scatterNd);
    }

    /** y[i..., j..., k...] = data[i..., indices[j...], k...]. */
    private static Tensor gather(Value y, List<Tensor> in) {
        Shape data = in.get(0).shape();
        Shape indices = in.get(1).shape();
        long[] at = in.get(1).wholes();
        int axis = y.attributes().integer("axis");
        return in.get(0).pick(y.shape(), index -> {
            int[] source = new int[data.rank()];
            System.arraycopy(index, 0, source, 0, axis);
            int j = 0;
            for (int i = 0; i < indices.rank(); i++) {
                j = j * indices.dim(i) + index[axis + i];
            }
            source[axis] = Index.resolve(at[j], data.dim(axis));
            System.arraycopy(index, axis + indices.rank(), source, axis + 1, data.rank() - axis - 1);
            return Index.position(data, source);
        });
    }

    /** y[i, j, k] = data[i, indices[i, j, k], k] for axis 1. */
    private static Tensor gatherElements(Value y, List<Tensor> in) {
        Tensor indices = in.get(1);
        int axis = y.attributes().integer("axis");
        return in.get(0).pick(y.shape(), index -> moved(in.get(0).shape(), index, axis, indices));
    }

    /** y = data, then y[i, indices[i, j, k], k] = (or += or *=) updates[i, j, k] for axis 1. */
    private static Tensor scatterElements(Value y, List<Tensor> in) {
        Tensor indices = in.get(1);
        int axis = y.attributes().integer("axis");
        Tensor result = in.get(0).copy();
        put(result, in.get(2), index -> moved(y.shape(), index, axis, indices), y);
        return result;
    }

    /** Where the index points to after its entry for the axis has been replaced by the element of the indices there. */
    private static int moved(Shape data, int[] index, int axis, Tensor indices) {
        int[] place = index.clone();
        place[axis] = Index.resolve(indices.wholes()[Index.position(indices.shape(), index)], data.dim(axis));
        return Index.position(data, place);
    }

    /** y[b..., j..., k...] = data[b..., indices[b..., j..., :], k...]. */
    private static Tensor gatherNd(Value y, List<Tensor> in) {
        int batch = y.attributes().integer("batch_dims");
        return in.get(0).pick(y.shape(), index -> pointedTo(in.get(0).shape(), in.get(1), index, batch));
    }

    /** y = data, then y[indices[j..., :], k...] = (or += or *=) updates[j..., k...]. */
    private static Tensor scatterNd(Value y, List<Tensor> in) {
        Tensor result = in.get(0).copy();
        put(result, in.get(2), index -> pointedTo(y.shape(), in.get(1), index, 0), y);
        return result;
    }

    /** The position in the data of the index (batch..., j..., k...), where indices[batch..., j..., :] replaces j. */
    private static int pointedTo(Shape data, Tensor indices, int[] index, int batch) {
        int outer = indices.shape().rank() - 1;
        int depth = indices.shape().dim(outer);
        int tuple = 0;
        for (int i = 0; i < outer; i++) {
            tuple = tuple * indices.shape().dim(i) + index[i];
        }
        int[] place = new int[data.rank()];
        System.arraycopy(index, 0, place, 0, batch);
        for (int i = 0; i < depth; i++) {
            place[batch + i] = Index.resolve(indices.wholes()[tuple * depth + i], data.dim(batch + i));
        }
        System.arraycopy(index, outer, place, batch + depth, data.rank() - batch - depth);
        return Index.position(data, place);
    }

    private static void put(Tensor result, Tensor updates, ToIntFunction<int[]> target, Value y) {
        switch (y.attributes().text("reduction")) {
            case "add" -> result.put(updates, target, Double::sum, Long::sum);
            case "mul" -> result.put(updates, target, (a, b) -> a * b, (a, b) -> a * b);
            default -> result.put(updates, target);
        }
    }
}
