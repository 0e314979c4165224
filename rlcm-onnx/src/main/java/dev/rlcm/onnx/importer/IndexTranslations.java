package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Set;
import java.util.stream.LongStream;

/** Operators that pick or place elements by index. */
final class IndexTranslations {
    private static final Set<DataType> INDEX_TYPES = Set.of(DataType.INT64, DataType.INT32);

    private IndexTranslations() {}

    static void register(OperatorTable table) {
        table.row("Gather", node -> node.apply(Op.GATHER, axis(node, 0), node.in(0), index(node.in(1))))
                .row(
                        "GatherElements",
                        node -> node.apply(Op.GATHER_ELEMENTS, axis(node, 0), node.in(0), index(node.in(1))))
                .row(
                        "GatherND",
                        node -> node.apply(
                                Op.GATHER_ND,
                                Attributes.of("batch_dims", node.integer("batch_dims", 0)),
                                node.in(0),
                                index(node.in(1))))
                .row("ScatterElements", IndexTranslations::scatterElements)
                .row("Scatter", IndexTranslations::scatterElements)
                .row(
                        "ScatterND",
                        node -> node.apply(
                                Op.SCATTER_ND,
                                Attributes.of("reduction", reduction(node)),
                                node.in(0),
                                index(node.in(1)),
                                node.in(2)))
                .row("Trilu", IndexTranslations::trilu)
                .row("OneHot", IndexTranslations::oneHot)
                .row("Compress", IndexTranslations::compress);
    }

    private static Attributes axis(OnnxNode node, int otherwise) {
        return Attributes.of(
                "axis",
                OnnxNode.axis(node.integer("axis", otherwise), node.in(0).rank()));
    }

    private static Value index(Value indices) {
        return INDEX_TYPES.contains(indices.type()) ? indices : indices.cast(DataType.INT64);
    }

    private static String reduction(OnnxNode node) {
        String reduction = node.text("reduction", "none");
        if (!Set.of("none", "add", "mul").contains(reduction)) {
            throw new GraphException("reduction " + reduction + " is not supported, only none, add and mul");
        }
        return reduction;
    }

    private static Value scatterElements(OnnxNode node) {
        return node.apply(
                Op.SCATTER_ELEMENTS,
                axis(node, 0).with("reduction", reduction(node)),
                node.in(0),
                index(node.in(1)),
                node.in(2));
    }

    private static Value trilu(OnnxNode node) {
        int k = node.has(1) ? (int) Math.max(-Integer.MAX_VALUE, Math.min(Integer.MAX_VALUE, node.longScalar(1))) : 0;
        return node.apply(Op.TRILU, Attributes.of("upper", node.flag("upper", true), "k", k), node.in(0));
    }

    /** Compares the indices with 0, 1, ..., depth-1 along a new axis; negative indices count from the end. */
    private static Value oneHot(OnnxNode node) {
        Value indices = node.in(0).cast(DataType.INT64);
        int depth = Math.toIntExact((long) node.scalar(1));
        int axis = OnnxNode.axis(node.integer("axis", -1), indices.rank() + 1);
        int[] dims = new int[indices.rank() + 1];
        int[] ramp = new int[dims.length];
        for (int i = 0; i < dims.length; i++) {
            ramp[i] = i == axis ? depth : 1;
            dims[i] = i < axis ? indices.dim(i) : i == axis ? 1 : indices.dim(i - 1);
        }
        Value wrapped = indices.less(indices.like(0)).where(indices.add(depth), indices);
        Value hit = wrapped.reshape(dims).equal(ConstantTranslations.iota(depth).reshape(ramp));
        Value values = node.in(2);
        return hit.where(values.slice(0, 1, 2).reshape(), values.slice(0, 0, 1).reshape());
    }

    /** The slices along an axis, or the elements, whose condition holds. */
    private static Value compress(OnnxNode node) {
        TensorData condition = node.constant(1);
        long[] hits = LongStream.range(0, condition.size())
                .filter(i -> condition.getLong((int) i) != 0)
                .toArray();
        Value x = node.hasAttribute("axis")
                ? node.in(0)
                : node.in(0).reshape(Math.toIntExact(node.in(0).shape().size()));
        int axis = OnnxNode.axis(node.integer("axis", 0), x.rank());
        return x.gather(axis, Value.constant(TensorData.longs(Shape.of(hits.length), hits)));
    }
}
