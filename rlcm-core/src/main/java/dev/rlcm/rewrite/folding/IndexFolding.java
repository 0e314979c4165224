package dev.rlcm.rewrite.folding;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.stream.IntStream;

/** Operators that read or write elements at given indices; negative indices count from the end. */
final class IndexFolding {
    private IndexFolding() {}

    /** Writes runs of elements of one tensor to another of the same type, over or combined with what is there. */
    private record Runs(TensorData source, TensorData target, String reduction) {
        void put(int from, int to, int length) {
            if (reduction.equals("none")) {
                int width = source.type().bytes();
                ByteBuffer bytes = target.bytes();
                bytes.put(to * width, source.bytes(), from * width, length * width);
                return;
            }
            for (int i = 0; i < length; i++) {
                if (source.type().isFloating()) {
                    target.setDouble(to + i, combined(target.getDouble(to + i), source.getDouble(from + i)));
                } else {
                    target.setLong(to + i, combined(target.getLong(to + i), source.getLong(from + i)));
                }
            }
        }

        private double combined(double old, double update) {
            return reduction.equals("mul") ? old * update : old + update;
        }

        private long combined(long old, long update) {
            return reduction.equals("mul") ? old * update : old + update;
        }
    }

    static void addTo(Map<Op, Folder> table) {
        table.put(Op.GATHER, IndexFolding::gather);
        table.put(Op.GATHER_ELEMENTS, IndexFolding::gatherElements);
        table.put(Op.SCATTER_ELEMENTS, IndexFolding::scatterElements);
        table.put(Op.GATHER_ND, IndexFolding::gatherNd);
        table.put(Op.SCATTER_ND, IndexFolding::scatterNd);
    }

    /** y[i..., j..., k...] = data[i..., indices[j...], k...]. */
    private static TensorData gather(Value node) {
        TensorData indices = node.in(1).data();
        Shape data = node.in(0).shape();
        int axis = node.attributes().integer("axis");
        int extent = data.dim(axis);
        int inner = size(data, axis + 1, data.rank());
        int outer = size(data, 0, axis);
        TensorData out = TensorData.zeros(node.type(), node.shape());
        Runs runs = new Runs(node.in(0).data(), out, "none");
        for (int i = 0; i < outer; i++) {
            for (int j = 0; j < indices.size(); j++) {
                int row = i * extent + resolve(indices.getLong(j), extent);
                runs.put(row * inner, (i * indices.size() + j) * inner, inner);
            }
        }
        return out;
    }

    /** y[i, j, k] = data[i, indices[i, j, k], k] for axis 1. */
    private static TensorData gatherElements(Value node) {
        TensorData out = TensorData.zeros(node.type(), node.shape());
        Runs runs = new Runs(node.in(0).data(), out, "none");
        forEachElement(node, (i, place) -> runs.put(place, i, 1));
        return out;
    }

    /** y = data, then y[i, indices[i, j, k], k] = (or += or *=) updates[i, j, k] for axis 1. */
    private static TensorData scatterElements(Value node) {
        Runs runs = updates(node);
        forEachElement(node, (i, place) -> runs.put(i, place, 1));
        return runs.target;
    }

    /** y[b..., j..., k...] = data[b..., indices[b..., j..., :], k...]. */
    private static TensorData gatherNd(Value node) {
        TensorData out = TensorData.zeros(node.type(), node.shape());
        Runs runs = new Runs(node.in(0).data(), out, "none");
        int batch = node.attributes().integer("batch_dims");
        int inner = inner(node, batch);
        forEachTuple(node, batch, (i, place) -> runs.put(place, i * inner, inner));
        return out;
    }

    /** y = data, then y[indices[j..., :], k...] = (or += or *=) updates[j..., k...]. */
    private static TensorData scatterNd(Value node) {
        Runs runs = updates(node);
        int inner = inner(node, 0);
        Shape indices = node.in(1).shape();
        demand(runs.source.size() == size(indices, 0, indices.rank() - 1) * inner, "too many or too few updates");
        forEachTuple(node, 0, (i, place) -> runs.put(i * inner, place, inner));
        return runs.target;
    }

    private static Runs updates(Value node) {
        TensorData out = TensorData.zeros(node.type(), node.shape());
        new Runs(node.in(0).data(), out, "none").put(0, 0, out.size());
        return new Runs(node.in(2).data(), out, node.attributes().text("reduction"));
    }

    private interface Place {
        void at(int i, int place);
    }

    /** Visits each element of the indices with the position in the data that it points to. */
    private static void forEachElement(Value node, Place visitor) {
        Shape data = node.in(0).shape();
        TensorData indices = node.in(1).data();
        int axis = node.attributes().integer("axis");
        demand(
                IntStream.range(0, data.rank())
                        .allMatch(i -> i == axis || indices.shape().dim(i) <= data.dim(i)),
                "the indices are larger than the data");
        int[] strides = StridedLoop.dense(data);
        int along = strides[axis];
        strides[axis] = 0;
        StridedLoop loop = new StridedLoop(indices.shape(), StridedLoop.dense(indices.shape()), strides);
        loop.forEachRow(at -> {
            for (int j = 0; j < loop.rowLength(); j++) {
                int index = resolve(indices.getLong(at[0] + j), data.dim(axis));
                visitor.at(at[0] + j, at[1] + j * loop.rowStride(1) + index * along);
            }
        });
    }

    /** Visits each tuple of the indices with the position in the data that it points to. */
    private static void forEachTuple(Value node, int batch, Place visitor) {
        Shape data = node.in(0).shape();
        TensorData indices = node.in(1).data();
        int outer = indices.shape().rank() - 1;
        int depth = indices.shape().dim(outer);
        int tuplesPerBatch = size(indices.shape(), batch, outer);
        int tuples = size(indices.shape(), 0, outer);
        int[] strides = StridedLoop.dense(data);
        int batchStride = size(data, batch, data.rank());
        for (int tuple = 0; tuple < tuples; tuple++) {
            int place = tuple / tuplesPerBatch * batchStride;
            for (int i = 0; i < depth; i++) {
                place += resolve(indices.getLong(tuple * depth + i), data.dim(batch + i)) * strides[batch + i];
            }
            visitor.at(tuple, place);
        }
    }

    /** Elements that a tuple of the indices points to. */
    private static int inner(Value node, int batch) {
        Shape data = node.in(0).shape();
        return size(data, batch + node.in(1).dim(-1), data.rank());
    }

    private static int resolve(long index, int extent) {
        demand(index >= -extent && index < extent, "an index is out of range");
        return (int) (index < 0 ? index + extent : index);
    }

    private static void demand(boolean condition, String otherwise) {
        if (!condition) {
            throw new ArithmeticException(otherwise);
        }
    }

    /** Number of elements over the axes from {@code from} to {@code to}, exclusive. */
    private static int size(Shape shape, int from, int to) {
        return IntStream.range(from, to).map(shape::dim).reduce(1, (a, b) -> a * b);
    }
}
