package dev.rlcm.graph;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.LongUnaryOperator;

/**
 * The functions of the operators that map each element by itself and keep its type: real numbers in double precision,
 * integers and booleans as longs. What folds constants and what evaluates graphs take them from here, and go through tensors
 * each by loops of their own. Stateless and thread-safe.
 */
public final class ScalarFunctions {
    private static final Map<Op, Function<Attributes, DoubleUnaryOperator>> REAL = new EnumMap<>(Op.class);
    private static final Map<Op, Function<Attributes, LongUnaryOperator>> WHOLE = new EnumMap<>(Op.class);

    static {
        real(Op.EXP, Math::exp);
        real(Op.LOG, Math::log);
        real(Op.SQRT, Math::sqrt);
        real(Op.SIN, Math::sin);
        real(Op.COS, Math::cos);
        real(Op.ATAN, Math::atan);
        real(Op.TANH, Math::tanh);
        real(Op.SIGMOID, ScalarFunctions::sigmoid);
        real(Op.ERF, ScalarFunctions::erf);
        real(Op.FLOOR, Math::floor);
        real(Op.CEIL, Math::ceil);
        real(Op.ROUND, Math::rint);
        real(Op.STOP_GRADIENT, x -> x);
        real(Op.SOFTPLUS, x -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));
        withAlpha(Op.LEAKY_RELU, (x, alpha) -> x < 0 ? alpha * x : x);
        withAlpha(Op.ELU, (x, alpha) -> x < 0 ? alpha * Math.expm1(x) : x);
        withAlpha(Op.SWISH, (x, alpha) -> x * sigmoid(alpha * x));
        REAL.put(
                Op.GELU, a -> a.text("approximate").equals("tanh") ? ScalarFunctions::geluTanh : ScalarFunctions::gelu);

        number(Op.NEG, x -> -x, x -> -x);
        number(Op.ABS, Math::abs, Math::abs);
        number(Op.SIGN, Math::signum, Long::signum);
        number(Op.RELU, x -> Math.max(x, 0), x -> Math.max(x, 0));
        WHOLE.put(Op.NOT, a -> x -> 1 - x);
        REAL.put(Op.CLIP, a -> clip(a.real("min"), a.real("max")));
        WHOLE.put(Op.CLIP, a -> clip((long) Math.ceil(a.real("min")), (long) Math.floor(a.real("max"))));
    }

    private ScalarFunctions() {}

    /** A real function of an element and the operator's {alpha}. */
    @FunctionalInterface
    private interface Parametric {
        double of(double x, double alpha);
    }

    private static void real(Op op, DoubleUnaryOperator f) {
        REAL.put(op, a -> f);
    }

    private static void withAlpha(Op op, Parametric f) {
        REAL.put(op, a -> {
            double alpha = a.real("alpha");
            return x -> f.of(x, alpha);
        });
    }

    private static void number(Op op, DoubleUnaryOperator real, LongUnaryOperator whole) {
        REAL.put(op, a -> real);
        WHOLE.put(op, a -> whole);
    }

    /** The operators that have a function of real numbers. */
    public static Set<Op> ofReals() {
        return Collections.unmodifiableSet(REAL.keySet());
    }

    /** The operators that have a function of integers and booleans. */
    public static Set<Op> ofWholes() {
        return Collections.unmodifiableSet(WHOLE.keySet());
    }

    /** What one of {@link #ofReals} computes. */
    public static DoubleUnaryOperator real(Op op, Attributes attributes) {
        return find(REAL, op).apply(attributes);
    }

    /** What one of {@link #ofWholes} computes. */
    public static LongUnaryOperator whole(Op op, Attributes attributes) {
        return find(WHOLE, op).apply(attributes);
    }

    private static <F> Function<Attributes, F> find(Map<Op, Function<Attributes, F>> table, Op op) {
        Function<Attributes, F> function = table.get(op);
        if (function == null) {
            throw new IllegalArgumentException(op + " is no function of one element; there are " + table.keySet());
        }
        return function;
    }

    private static double sigmoid(double x) {
        double small = Math.exp(-Math.abs(x)); // never overflows
        return x < 0 ? small / (1 + small) : 1 / (1 + small);
    }

    /** DLMF 7.6.2: a series of terms of one sign, so that nothing cancels; beyond 6 the result rounds to 1. */
    private static double erf(double x) {
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

    /** x Phi(x): arXiv:1606.08415, section 2. */
    private static double gelu(double x) {
        return 0.5 * x * (1 + erf(x / Math.sqrt(2)));
    }

    /** The approximation of {@link #gelu} in the same section. */
    private static double geluTanh(double x) {
        return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    private static DoubleUnaryOperator clip(double min, double max) {
        return x -> Math.min(Math.max(x, min), max);
    }

    private static LongUnaryOperator clip(long min, long max) {
        return x -> Math.min(Math.max(x, min), max);
    }
}
