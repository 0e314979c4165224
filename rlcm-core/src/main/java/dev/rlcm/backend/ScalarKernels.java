package dev.rlcm.backend;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.Map;
import java.util.function.DoublePredicate;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongUnaryOperator;
import org.apache.commons.math3.special.Erf;

/** Operators that map each element by itself. */
final class ScalarKernels {
    private ScalarKernels() {}

    static void addTo(Map<Op, Kernel> table) {
        table.put(Op.EXP, real(Math::exp));
        table.put(Op.LOG, real(Math::log));
        table.put(Op.SQRT, real(Math::sqrt));
        table.put(Op.SIN, real(Math::sin));
        table.put(Op.COS, real(Math::cos));
        table.put(Op.ATAN, real(Math::atan));
        table.put(Op.TANH, real(Math::tanh));
        table.put(Op.SIGMOID, real(ScalarKernels::sigmoid));
        table.put(Op.ERF, real(Erf::erf));
        table.put(Op.FLOOR, real(Math::floor));
        table.put(Op.CEIL, real(Math::ceil));
        table.put(Op.ROUND, real(Math::rint));
        table.put(Op.STOP_GRADIENT, real(x -> x));
        table.put(Op.SOFTPLUS, real(x -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))));

        table.put(Op.NEG, number(x -> -x, x -> -x));
        table.put(Op.ABS, number(Math::abs, Math::abs));
        table.put(Op.SIGN, number(Math::signum, Long::signum));
        table.put(Op.RELU, number(x -> Math.max(x, 0), x -> Math.max(x, 0)));
        table.put(Op.NOT, (y, in) -> mapWholes(in.get(0), x -> 1 - x));
        table.put(Op.CLIP, (y, in) -> clip(y, in.get(0)));

        table.put(Op.LEAKY_RELU, (y, in) -> {
            double alpha = y.attributes().real("alpha");
            return map(in.get(0), x -> x < 0 ? alpha * x : x);
        });
        table.put(Op.ELU, (y, in) -> {
            double alpha = y.attributes().real("alpha");
            return map(in.get(0), x -> x < 0 ? alpha * Math.expm1(x) : x);
        });
        table.put(Op.SWISH, (y, in) -> {
            double alpha = y.attributes().real("alpha");
            return map(in.get(0), x -> x * sigmoid(alpha * x));
        });
        table.put(Op.GELU, (y, in) -> {
            boolean tanh = y.attributes().text("approximate").equals("tanh");
            return map(in.get(0), tanh ? ScalarKernels::geluTanh : ScalarKernels::gelu);
        });
        table.put(Op.IS_NAN, (y, in) -> test(in.get(0), Double::isNaN));
        table.put(Op.CAST, (y, in) -> cast(in.get(0), y.type()));
    }

    static double sigmoid(double x) {
        double small = Math.exp(-Math.abs(x)); // never overflows
        return x < 0 ? small / (1 + small) : 1 / (1 + small);
    }

    /** x Phi(x), arXiv:1606.08415, section 2. */
    private static double gelu(double x) {
        return 0.5 * x * (1 + Erf.erf(x / Math.sqrt(2)));
    }

    /** arXiv:1606.08415, section 2, the approximation. */
    private static double geluTanh(double x) {
        return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    private static Tensor clip(Value y, Tensor x) {
        double min = y.attributes().real("min");
        double max = y.attributes().real("max");
        if (x.isReal()) {
            return map(x, v -> Math.min(Math.max(v, min), max));
        }
        long low = (long) Math.ceil(min);
        long high = (long) Math.floor(max);
        return mapWholes(x, v -> Math.min(Math.max(v, low), high));
    }

    /** Narrower real types are not rounded to: the reference is double precision throughout. */
    private static Tensor cast(Tensor x, DataType to) {
        if (to == DataType.BOOL) {
            return x.isReal() ? test(x, v -> v != 0) : mapWholes(x, v -> v == 0 ? 0 : 1);
        }
        if (x.isReal() == to.isFloating()) {
            return x.copy();
        }
        return x.isReal()
                ? Tensor.wholes(
                        x.shape(),
                        Arrays.stream(x.reals()).mapToLong(v -> (long) v).toArray())
                : Tensor.reals(
                        x.shape(), Arrays.stream(x.wholes()).asDoubleStream().toArray());
    }

    private static Kernel real(DoubleUnaryOperator f) {
        return (y, in) -> map(in.get(0), f);
    }

    private static Kernel number(DoubleUnaryOperator f, LongUnaryOperator g) {
        return (y, in) -> in.get(0).isReal() ? map(in.get(0), f) : mapWholes(in.get(0), g);
    }

    private static Tensor map(Tensor x, DoubleUnaryOperator f) {
        return Tensor.reals(x.shape(), Arrays.stream(x.reals()).map(f).toArray());
    }

    private static Tensor mapWholes(Tensor x, LongUnaryOperator f) {
        return Tensor.wholes(x.shape(), Arrays.stream(x.wholes()).map(f).toArray());
    }

    private static Tensor test(Tensor x, DoublePredicate p) {
        return Tensor.wholes(
                x.shape(),
                Arrays.stream(x.reals()).mapToLong(v -> p.test(v) ? 1 : 0).toArray());
    }
}
