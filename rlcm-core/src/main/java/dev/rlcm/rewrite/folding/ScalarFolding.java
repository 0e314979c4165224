package dev.rlcm.rewrite.folding;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.LongUnaryOperator;

/** Operators that map each element by itself: integers as longs, real numbers in double precision, rounded once. */
final class ScalarFolding {
    private ScalarFolding() {}

    static void addTo(Map<Op, Folder> table) {
        table.put(Op.EXP, real(Math::exp));
        table.put(Op.LOG, real(Math::log));
        table.put(Op.SQRT, real(Math::sqrt));
        table.put(Op.SIN, real(Math::sin));
        table.put(Op.COS, real(Math::cos));
        table.put(Op.ATAN, real(Math::atan));
        table.put(Op.TANH, real(Math::tanh));
        table.put(Op.SIGMOID, real(ScalarFolding::sigmoid));
        table.put(Op.ERF, real(ScalarFolding::erf));
        table.put(Op.FLOOR, real(Math::floor));
        table.put(Op.CEIL, real(Math::ceil));
        table.put(Op.ROUND, real(Math::rint));
        table.put(Op.STOP_GRADIENT, real(x -> x));
        table.put(Op.SOFTPLUS, real(x -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))));
        table.put(Op.LEAKY_RELU, withAlpha(alpha -> x -> x < 0 ? alpha * x : x));
        table.put(Op.ELU, withAlpha(alpha -> x -> x < 0 ? alpha * Math.expm1(x) : x));
        table.put(Op.SWISH, withAlpha(alpha -> x -> x * sigmoid(alpha * x)));
        table.put(Op.GELU, node -> reals(node, gelu(node.attributes().text("approximate"))));

        table.put(Op.NEG, number(x -> -x, x -> -x));
        table.put(Op.ABS, number(Math::abs, Math::abs));
        table.put(Op.SIGN, number(Math::signum, Long::signum));
        table.put(Op.RELU, number(x -> Math.max(x, 0), x -> Math.max(x, 0)));
        table.put(Op.NOT, number(x -> 1 - x, x -> 1 - x));
        table.put(Op.CLIP, ScalarFolding::clip);
        table.put(Op.IS_NAN, node -> reals(node, x -> Double.isNaN(x) ? 1 : 0));
        table.put(Op.CAST, ScalarFolding::cast);
    }

    private static double sigmoid(double x) {
        double small = Math.exp(-Math.abs(x)); // never overflows
        return x < 0 ? small / (1 + small) : 1 / (1 + small);
    }

    /** DLMF 7.6.2: a series of terms of one sign, so that nothing cancels; beyond 6 the result rounds to 1. */
    static double erf(double x) {
        if (Double.isNaN(x)) {
            return x;
        }
        if (Math.abs(x) > 6) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    /** x Phi(x), or its approximation: arXiv:1606.08415, section 2. */
    private static DoubleUnaryOperator gelu(String approximate) {
        return approximate.equals("tanh")
                ? x -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))
                : x -> 0.5 * x * (1 + erf(x / Math.sqrt(2)));
    }

    private static TensorData clip(Value node) {
        Attributes a = node.attributes();
        double min = a.real("min");
        double max = a.real("max");
        if (node.type().isFloating()) {
            return reals(node, x -> Math.min(Math.max(x, min), max));
        }
        long low = (long) Math.ceil(min);
        long high = (long) Math.floor(max);
        return wholes(node, x -> Math.min(Math.max(x, low), high));
    }

    /** An integer goes to the narrower real types by way of float, without a double in between that would round twice. */
    private static TensorData cast(Value node) {
        DataType from = node.in(0).type();
        DataType to = node.type();
        if (from.isFloating()) {
            return reals(node, x -> x);
        }
        if (!to.isFloating()) {
            return wholes(node, x -> x);
        }
        TensorData x = node.in(0).data();
        return TensorData.generate(to, node.shape(), i -> to == DataType.FLOAT64 ? x.getLong(i) : (float) x.getLong(i));
    }

    private static Folder real(DoubleUnaryOperator f) {
        return node -> reals(node, f);
    }

    private static Folder withAlpha(Function<Double, DoubleUnaryOperator> f) {
        return node -> reals(node, f.apply(node.attributes().real("alpha")));
    }

    private static Folder number(DoubleUnaryOperator f, LongUnaryOperator g) {
        return node -> node.type().isFloating() ? reals(node, f) : wholes(node, g);
    }

    private static TensorData reals(Value node, DoubleUnaryOperator f) {
        TensorData x = node.in(0).data();
        return TensorData.generate(node.type(), node.shape(), i -> f.applyAsDouble(x.getDouble(i)));
    }

    private static TensorData wholes(Value node, LongUnaryOperator f) {
        TensorData x = node.in(0).data();
        TensorData out = TensorData.zeros(node.type(), node.shape());
        for (int i = 0; i < out.size(); i++) {
            out.setLong(i, f.applyAsLong(x.getLong(i)));
        }
        return out;
    }
}
