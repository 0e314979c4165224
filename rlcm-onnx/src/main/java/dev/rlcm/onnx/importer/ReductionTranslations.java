package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Reductions, and the searches and sums along one axis. */
final class ReductionTranslations {
    private ReductionTranslations() {}

    static void register(OperatorTable table) {
        UnaryOperator<Value> same = x -> x;
        table.row("ReduceSum", node -> reduce(node, Op.REDUCE_SUM, same, same))
                .row("ReduceMean", node -> reduce(node, Op.REDUCE_MEAN, same, same))
                .row("ReduceMax", node -> reduce(node, Op.REDUCE_MAX, same, same))
                .row("ReduceMin", node -> reduce(node, Op.REDUCE_MIN, same, same))
                .row("ReduceProd", node -> reduce(node, Op.REDUCE_PROD, same, same))
                .row("ReduceL1", node -> reduce(node, Op.REDUCE_SUM, Value::abs, same))
                .row("ReduceL2", node -> reduce(node, Op.REDUCE_SUM, Value::square, Value::sqrt))
                .row("ReduceSumSquare", node -> reduce(node, Op.REDUCE_SUM, Value::square, same))
                .row("ReduceLogSum", node -> reduce(node, Op.REDUCE_SUM, same, Value::log))
                .row("ReduceLogSumExp", ReductionTranslations::logSumExp)
                .row("ArgMax", node -> arg(node, node.in(0)))
                .row("ArgMin", node -> arg(node, node.in(0).neg()))
                .row("CumSum", ReductionTranslations::cumSum)
                .rows("", "TopK", ReductionTranslations::topK);
    }

    private static Value reduce(OnnxNode node, Op op, UnaryOperator<Value> before, UnaryOperator<Value> after) {
        int[] axes = axes(node);
        if (node.in(0).type() == DataType.BOOL) { // "any" and "all", of opset 20 on
            Value bits = node.in(0).cast(DataType.INT32);
            return axes.length == 0
                    ? node.in(0)
                    : node.apply(op, attributes(axes, keep(node)), bits).cast(DataType.BOOL);
        }
        Value x = before.apply(node.in(0));
        return after.apply(axes.length == 0 ? x : node.apply(op, attributes(axes, keep(node)), x));
    }

    /** No axes mean all of them, unless the node says that they mean none (opset 18, ReduceSum 13). */
    private static int[] axes(OnnxNode node) {
        int rank = node.in(0).rank();
        int[] axes = node.axes(1, rank);
        boolean none = node.flag("noop_with_empty_axes", false);
        return axes.length > 0 || none ? axes : IntStream.range(0, rank).toArray();
    }

    private static boolean keep(OnnxNode node) {
        return node.flag("keepdims", true);
    }

    private static Attributes attributes(int[] axes, boolean keep) {
        return Attributes.of("axes", axes, "keepdims", keep);
    }

    /** max + log sum exp(x - max), which does not overflow. */
    private static Value logSumExp(OnnxNode node) {
        int[] axes = axes(node);
        Value x = node.in(0);
        Value max = x.reduceMax(true, axes);
        Value kept = x.sub(max).exp().sum(true, axes).log().add(max);
        return keep(node) ? kept : kept.reshape(x.sum(false, axes).shape());
    }

    private static Value arg(OnnxNode node, Value x) {
        int axis = OnnxNode.axis(node.integer("axis", 0), x.rank());
        boolean last = node.flag("select_last_index", false);
        return node.apply(
                Op.ARG_MAX, Attributes.of("axis", axis, "keepdims", keep(node)).with("last", last), x);
    }

    private static Value cumSum(OnnxNode node) {
        Value x = node.in(0);
        int axis = OnnxNode.axis((int) node.scalar(1), x.rank());
        return node.apply(
                Op.CUM_SUM,
                Attributes.of("axis", axis, "exclusive", node.flag("exclusive", false))
                        .with("reverse", node.flag("reverse", false)),
                x);
    }

    /** The values are read at the places, so that each gradient goes to one element. */
    private static List<Value> topK(OnnxNode node) {
        Value x = node.in(0);
        int axis = OnnxNode.axis(node.integer("axis", -1), x.rank());
        int k = node.opset() < 10 ? node.integer("k", 0) : Math.toIntExact((long) node.scalar(1));
        Attributes attributes = Attributes.of("axis", axis, "k", k).with("largest", node.flag("largest", true));
        Value places = node.apply(Op.TOP_K, attributes, x);
        return List.of(Value.of(Op.GATHER_ELEMENTS, Attributes.of("axis", axis), x, places), places);
    }

    /** The axes from one on. */
    static int[] axesFrom(int axis, int rank) {
        return IntStream.range(axis, rank).toArray();
    }
}
