package dev.rlcm.rewrite.folding;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.stream.IntStream;

/** Operators that combine elements along axes, in the order of the elements; real sums are rounded once, at the end. */
final class ReductionFolding {
    private ReductionFolding() {}

    static void addTo(Map<Op, Folder> table) {
        table.put(Op.REDUCE_SUM, node -> reduce(node, 0, Double::sum, 0, Long::sum));
        table.put(Op.REDUCE_PROD, node -> reduce(node, 1, (a, b) -> a * b, 1, (a, b) -> a * b));
        table.put(Op.REDUCE_MAX, node -> reduce(node, Double.NEGATIVE_INFINITY, Math::max, Long.MIN_VALUE, Math::max));
        table.put(Op.REDUCE_MIN, node -> reduce(node, Double.POSITIVE_INFINITY, Math::min, Long.MAX_VALUE, Math::min));
        table.put(Op.REDUCE_MEAN, ReductionFolding::mean);
        table.put(Op.ARG_MAX, ReductionFolding::argMax);
        table.put(Op.TOP_K, ReductionFolding::topK);
        table.put(Op.CUM_SUM, ReductionFolding::cumulativeSum);
    }

    private static TensorData reduce(
            Value node, double start, DoubleBinaryOperator f, long wholeStart, LongBinaryOperator g) {
        TensorData out = TensorData.zeros(node.type(), node.shape());
        if (node.type().isFloating()) {
            double[] totals = totals(node, start, f);
            for (int i = 0; i < totals.length; i++) {
                out.setDouble(i, totals[i]);
            }
        } else {
            long[] totals = wholeTotals(node, wholeStart, g);
            for (int i = 0; i < totals.length; i++) {
                out.setLong(i, totals[i]);
            }
        }
        return out;
    }

    /** The total divided by the count before it is rounded; of integers, truncated. */
    private static TensorData mean(Value node) {
        long count = Arrays.stream(node.attributes().ints("axes"))
                .mapToLong(axis -> node.in(0).dim(axis))
                .reduce(1, (a, b) -> a * b);
        if (node.type().isFloating()) {
            double[] totals = totals(node, 0, Double::sum);
            return TensorData.generate(node.type(), node.shape(), i -> totals[i] / count);
        }
        long[] totals = wholeTotals(node, 0, Long::sum);
        TensorData out = TensorData.zeros(node.type(), node.shape());
        for (int i = 0; i < totals.length; i++) {
            out.setLong(i, totals[i] / count);
        }
        return out;
    }

    private static double[] totals(Value node, double start, DoubleBinaryOperator f) {
        double[] totals = new double[(int) node.shape().size()];
        Arrays.fill(totals, start);
        TensorData x = node.in(0).data();
        forEach(node, (i, to) -> totals[to] = f.applyAsDouble(totals[to], x.getDouble(i)));
        return totals;
    }

    private static long[] wholeTotals(Value node, long start, LongBinaryOperator f) {
        long[] totals = new long[(int) node.shape().size()];
        Arrays.fill(totals, start);
        TensorData x = node.in(0).data();
        forEach(node, (i, to) -> totals[to] = f.applyAsLong(totals[to], x.getLong(i)));
        return totals;
    }

    private interface Pair {
        void at(int element, int total);
    }

    private static void forEach(Value node, Pair pair) {
        Shape shape = node.in(0).shape();
        Shape kept = shape;
        for (int axis : node.attributes().ints("axes")) {
            kept = kept.with(axis, 1);
        }
        StridedLoop loop = new StridedLoop(shape, StridedLoop.dense(shape), StridedLoop.broadcast(kept, shape));
        int step = loop.rowStride(1);
        loop.forEachRow(at -> {
            for (int j = 0; j < loop.rowLength(); j++) {
                pair.at(at[0] + j, at[1] + j * step);
            }
        });
    }

    private static TensorData argMax(Value node) {
        TensorData x = node.in(0).data();
        boolean last = node.attributes().flag("last");
        boolean real = x.type().isFloating();
        TensorData out = TensorData.zeros(node.type(), node.shape());
        forEachLine(node, (line, start, stride, extent) -> {
            int best = 0;
            for (int i = 1; i < extent; i++) {
                int candidate = start + i * stride;
                int champion = start + best * stride;
                boolean greater = real
                        ? x.getDouble(candidate) > x.getDouble(champion)
                        : x.getLong(candidate) > x.getLong(champion);
                boolean equal = real
                        ? x.getDouble(candidate) == x.getDouble(champion)
                        : x.getLong(candidate) == x.getLong(champion);
                best = greater || (last && equal) ? i : best;
            }
            out.setLong(line, best);
        });
        return out;
    }

    /** Sorting is stable, so that equals stay in their order. */
    private static TensorData topK(Value node) {
        TensorData x = node.in(0).data();
        int k = node.attributes().integer("k");
        boolean largest = node.attributes().flag("largest");
        boolean real = x.type().isFloating();
        TensorData out = TensorData.zeros(node.type(), node.shape());
        forEachLine(node, (line, start, stride, extent) -> {
            Comparator<Integer> order = real
                    ? Comparator.comparingDouble(i -> x.getDouble(start + i * stride))
                    : Comparator.comparingLong(i -> x.getLong(start + i * stride));
            List<Integer> sorted = IntStream.range(0, extent)
                    .boxed()
                    .sorted(largest ? order.reversed() : order)
                    .toList();
            int first = line / stride * k * stride + line % stride;
            for (int i = 0; i < k; i++) {
                out.setLong(first + i * stride, sorted.get(i));
            }
        });
        return out;
    }

    private static TensorData cumulativeSum(Value node) {
        Attributes a = node.attributes();
        boolean exclusive = a.flag("exclusive");
        boolean reverse = a.flag("reverse");
        TensorData x = node.in(0).data();
        TensorData out = TensorData.zeros(node.type(), node.shape());
        forEachLine(node, (line, start, stride, extent) -> {
            double sum = 0;
            long wholeSum = 0;
            for (int i = 0; i < extent; i++) {
                int at = start + (reverse ? extent - 1 - i : i) * stride;
                double next = sum + x.getDouble(at);
                long wholeNext = wholeSum + x.getLong(at);
                if (x.type().isFloating()) {
                    out.setDouble(at, exclusive ? sum : next);
                } else {
                    out.setLong(at, exclusive ? wholeSum : wholeNext);
                }
                sum = next;
                wholeSum = wholeNext;
            }
        });
        return out;
    }

    private interface Line {
        void at(int line, int start, int stride, int extent);
    }

    /** Every line of operand 0 along the attribute "axis", in row-major order of the other axes. */
    private static void forEachLine(Value node, Line visitor) {
        Shape shape = node.in(0).shape();
        int axis = node.attributes().integer("axis");
        int extent = shape.dim(axis);
        int stride = StridedLoop.dense(shape)[axis];
        int lines = (int) shape.with(axis, 1).size();
        for (int line = 0; line < lines; line++) {
            visitor.at(line, line / stride * extent * stride + line % stride, stride, extent);
        }
    }
}
