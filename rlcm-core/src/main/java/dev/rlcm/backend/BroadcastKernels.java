package dev.rlcm.backend;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;

/** Operators on elements of several operands, after broadcasting. */
final class BroadcastKernels {
    private BroadcastKernels() {}

    private interface RealRelation {
        boolean holds(double a, double b);
    }

    private interface WholeRelation {
        boolean holds(long a, long b);
    }

    static void addTo(Map<Op, Kernel> table) {
        table.put(Op.ADD, arithmetic((a, b) -> a + b, (a, b) -> a + b));
        table.put(Op.SUB, arithmetic((a, b) -> a - b, (a, b) -> a - b));
        table.put(Op.MUL, arithmetic((a, b) -> a * b, (a, b) -> a * b));
        table.put(Op.DIV, arithmetic((a, b) -> a / b, (a, b) -> a / b));
        table.put(Op.POW, arithmetic(Math::pow, (a, b) -> (long) Math.pow((double) a, (double) b)));
        table.put(Op.MIN, arithmetic(Math::min, Math::min));
        table.put(Op.MAX, arithmetic(Math::max, Math::max));
        table.put(Op.MOD, arithmetic(BroadcastKernels::remainder, Math::floorMod));

        table.put(Op.EQUAL, relation((a, b) -> a == b, (a, b) -> a == b));
        table.put(Op.LESS, relation((a, b) -> a < b, (a, b) -> a < b));
        table.put(Op.LESS_OR_EQUAL, relation((a, b) -> a <= b, (a, b) -> a <= b));
        table.put(Op.GREATER, relation((a, b) -> a > b, (a, b) -> a > b));
        table.put(Op.GREATER_OR_EQUAL, relation((a, b) -> a >= b, (a, b) -> a >= b));

        table.put(Op.AND, (y, in) -> wholes(y.shape(), in, (a, b) -> a & b));
        table.put(Op.OR, (y, in) -> wholes(y.shape(), in, (a, b) -> a | b));
        table.put(Op.XOR, (y, in) -> wholes(y.shape(), in, (a, b) -> a ^ b));
        table.put(Op.WHERE, (y, in) -> where(y.shape(), in));
    }

    /** Python's remainder: that of the truncated quotient, moved to the sign of the divisor. */
    private static double remainder(double a, double b) {
        double r = a % b;
        return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    }

    private static Kernel arithmetic(DoubleBinaryOperator f, LongBinaryOperator g) {
        return (y, in) -> in.get(0).isReal() ? reals(y.shape(), in, f) : wholes(y.shape(), in, g);
    }

    private static Kernel relation(RealRelation f, WholeRelation g) {
        return (y, in) -> {
            if (!in.get(0).isReal()) {
                return wholes(y.shape(), in, (a, b) -> g.holds(a, b) ? 1 : 0);
            }
            double[] a = in.get(0).expand(y.shape()).reals();
            double[] b = in.get(1).expand(y.shape()).reals();
            long[] result = new long[a.length];
            for (int i = 0; i < result.length; i++) {
                result[i] = f.holds(a[i], b[i]) ? 1 : 0;
            }
            return Tensor.wholes(y.shape(), result);
        };
    }

    private static Tensor reals(Shape shape, List<Tensor> in, DoubleBinaryOperator f) {
        double[] a = in.get(0).expand(shape).reals();
        double[] b = in.get(1).expand(shape).reals();
        double[] result = new double[a.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = f.applyAsDouble(a[i], b[i]);
        }
        return Tensor.reals(shape, result);
    }

    private static Tensor wholes(Shape shape, List<Tensor> in, LongBinaryOperator f) {
        long[] a = in.get(0).expand(shape).wholes();
        long[] b = in.get(1).expand(shape).wholes();
        long[] result = new long[a.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = f.applyAsLong(a[i], b[i]);
        }
        return Tensor.wholes(shape, result);
    }

    private static Tensor where(Shape shape, List<Tensor> in) {
        long[] condition = in.get(0).expand(shape).wholes();
        Tensor yes = in.get(1).expand(shape);
        Tensor no = in.get(2).expand(shape);
        Tensor result = Tensor.zeros(yes.isReal(), shape);
        for (int i = 0; i < condition.length; i++) {
            Tensor chosen = condition[i] != 0 ? yes : no;
            if (result.isReal()) {
                result.reals()[i] = chosen.reals()[i];
            } else {
                result.wholes()[i] = chosen.wholes()[i];
            }
        }
        return result;
    }
}
