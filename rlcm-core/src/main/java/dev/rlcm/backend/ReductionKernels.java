package dev.rlcm.backend;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.stream.IntStream;

/** Operators that combine elements along axes. */
final class ReductionKernels {
    private ReductionKernels() {}

    static void addTo(Map<Op, Kernel> table) {
        table.put(Op.REDUCE_SUM, fold(0, Double::sum, 0, Long::sum));
        table.put(Op.REDUCE_PROD, fold(1, (a, b) -> a * b, 1, (a, b) -> a * b));
        table.put(Op.REDUCE_MAX, fold(Double.NEGATIVE_INFINITY, Math::max, Long.MIN_VALUE, Math::max));
        table.put(Op.REDUCE_MIN, fold(Double.POSITIVE_INFINITY, Math::min, Long.MAX_VALUE, Math::min));
        table.put(Op.REDUCE_MEAN, (y, in) -> mean(y, in.get(0)));
        table.put(Op.ARG_MAX, (y, in) -> argMax(y, in.get(0)));
        table.put(Op.TOP_K, (y, in) -> topK(y, in.get(0)));
        table.put(Op.CUM_SUM, (y, in) -> cumSum(y, in.get(0)));
    }

    private static Kernel fold(double zero, DoubleBinaryOperator f, long wholeZero, LongBinaryOperator g) {
        return (y, in) -> fold(y, in.get(0), zero, f, wholeZero, g);
    }

    private static Tensor fold(
            Value y, Tensor x, double zero, DoubleBinaryOperator f, long wholeZero, LongBinaryOperator g) {
        Shape kept = keptShape(x.shape(), y.attributes().ints("axes"));
        Tensor result = Tensor.zeros(x.isReal(), y.shape());
        if (x.isReal()) {
            Arrays.fill(result.reals(), zero);
        } else {
            Arrays.fill(result.wholes(), wholeZero);
        }
        int[] target = new int[kept.rank()];
        Index.forEach(x.shape(), (i, index) -> {
            for (int axis = 0; axis < target.length; axis++) {
                target[axis] = kept.dim(axis) == 1 ? 0 : index[axis];
            }
            int to = Index.position(kept, target);
            if (x.isReal()) {
                result.reals()[to] = f.applyAsDouble(result.reals()[to], x.reals()[i]);
            } else {
                result.wholes()[to] = g.applyAsLong(result.wholes()[to], x.wholes()[i]);
            }
        });
        return result;
    }

    private static Shape keptShape(Shape shape, int[] axes) {
        Shape kept = shape;
        for (int axis : axes) {
            kept = kept.with(axis, 1);
        }
        return kept;
    }

    /** Of integers: the sum divided by the count, truncated. */
    private static Tensor mean(Value y, Tensor x) {
        Tensor sum = fold(y, x, 0, Double::sum, 0, Long::sum);
        long count = 1;
        for (int axis : y.attributes().ints("axes")) {
            count *= x.shape().dim(axis);
        }
        for (int i = 0; i < sum.size(); i++) {
            if (sum.isReal()) {
                sum.reals()[i] /= count;
            } else {
                sum.wholes()[i] /= count;
            }
        }
        return sum;
    }

    private static Tensor argMax(Value y, Tensor x) {
        boolean last = y.attributes().flag("last");
        long[] result = new long[(int) y.shape().size()];
        Index.forEachLine(x.shape(), y.attributes().integer("axis"), (line, start, stride, extent) -> {
            int best = 0;
            for (int i = 1; i < extent; i++) {
                double candidate = x.real(start + i * stride);
                double champion = x.real(start + best * stride);
                if (candidate > champion || (last && candidate == champion)) {
                    best = i;
                }
            }
            result[line] = best;
        });
        return Tensor.wholes(y.shape(), result);
    }

    /** Sorting is stable, so that equals stay in their order; NaN counts as the largest. */
    private static Tensor topK(Value y, Tensor x) {
        int axis = y.attributes().integer("axis");
        int k = y.attributes().integer("k");
        boolean largest = y.attributes().flag("largest");
        long[] result = new long[(int) y.shape().size()];
        Index.forEachLine(x.shape(), axis, (line, start, stride, extent) -> {
            Comparator<Integer> order = x.isReal()
                    ? Comparator.comparingDouble(i -> x.reals()[start + i * stride])
                    : Comparator.comparingLong(i -> x.wholes()[start + i * stride]);
            int[] sorted = IntStream.range(0, extent)
                    .boxed()
                    .sorted(largest ? order.reversed() : order)
                    .mapToInt(Integer::intValue)
                    .toArray();
            int first = line / stride * k * stride + line % stride;
            for (int i = 0; i < k; i++) {
                result[first + i * stride] = sorted[i];
            }
        });
        return Tensor.wholes(y.shape(), result);
    }

    private static Tensor cumSum(Value y, Tensor x) {
        boolean exclusive = y.attributes().flag("exclusive");
        boolean reverse = y.attributes().flag("reverse");
        Tensor result = Tensor.zeros(x.isReal(), y.shape());
        Index.forEachLine(x.shape(), y.attributes().integer("axis"), (line, start, stride, extent) -> {
            double sum = 0;
            long wholeSum = 0;
            for (int i = 0; i < extent; i++) {
                int at = start + (reverse ? extent - 1 - i : i) * stride;
                if (x.isReal()) {
                    double next = sum + x.reals()[at];
                    result.reals()[at] = exclusive ? sum : next;
                    sum = next;
                } else {
                    long next = wholeSum + x.wholes()[at];
                    result.wholes()[at] = exclusive ? wholeSum : next;
                    wholeSum = next;
                }
            }
        });
        return result;
    }
}
