package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BinaryOperator;

/** A value as a polynomial in another one, whatever the order in which it was written: coefficients by power. */
final class Polynomial {
    private static final int MAX_DEGREE = 3;

    private final double[] coefficients;

    private Polynomial(double... coefficients) {
        this.coefficients = coefficients;
    }

    /** Empty if the value is not a polynomial in the variable with scalar coefficients, of degree 3 at most. */
    static Optional<Polynomial> of(Value value, Value variable) {
        if (value == variable) {
            return Optional.of(new Polynomial(0, 1));
        }
        OptionalDouble number = Match.scalar(value);
        if (number.isPresent()) {
            return Optional.of(new Polynomial(number.getAsDouble()));
        }
        return switch (value.op()) {
            case ADD -> both(value, variable, Polynomial::plus);
            case SUB -> both(value, variable, (a, b) -> a.plus(b.times(new Polynomial(-1))));
            case MUL -> both(value, variable, Polynomial::times).filter(Polynomial::isSmall);
            case DIV -> Match.scalar(value.in(1)).isPresent()
                    ? both(value, variable, (a, b) -> a.times(new Polynomial(1 / b.coefficients[0])))
                    : Optional.empty();
            case POW -> power(value, variable);
            default -> Optional.empty();
        };
    }

    /** Whether the coefficients are those, up to the type's rounding; a missing one is zero. */
    boolean isClose(DataType type, double... wanted) {
        if (coefficients.length > wanted.length) {
            return false;
        }
        double[] padded = Arrays.copyOf(coefficients, wanted.length);
        for (int i = 0; i < wanted.length; i++) {
            if (!Match.close(padded[i], wanted[i], type)) {
                return false;
            }
        }
        return true;
    }

    /** The a of a x; empty if the polynomial is not of that form. */
    OptionalDouble slope() {
        boolean proportional = coefficients.length == 2 && coefficients[0] == 0;
        return proportional ? OptionalDouble.of(coefficients[1]) : OptionalDouble.empty();
    }

    /** The h of h + h x; empty if the polynomial is not of that form, up to the type's rounding. */
    OptionalDouble height(DataType type) {
        boolean even =
                coefficients.length == 2 && coefficients[0] != 0 && Match.close(coefficients[0], coefficients[1], type);
        return even ? OptionalDouble.of(coefficients[0]) : OptionalDouble.empty();
    }

    private static Optional<Polynomial> both(Value node, Value variable, BinaryOperator<Polynomial> operation) {
        boolean sameShape = node.shape().equals(variable.shape())
                || (Match.scalar(node.in(0)).isPresent()
                        && Match.scalar(node.in(1)).isPresent());
        return sameShape
                ? of(node.in(0), variable).flatMap(a -> of(node.in(1), variable).map(b -> operation.apply(a, b)))
                : Optional.empty();
    }

    private static Optional<Polynomial> power(Value node, Value variable) {
        OptionalDouble exponent = Match.scalar(node.in(1));
        Optional<Polynomial> base = of(node.in(0), variable);
        if (base.isEmpty() || exponent.isEmpty()) {
            return Optional.empty();
        }
        if (exponent.getAsDouble() == 2) {
            return base.map(p -> p.times(p)).filter(Polynomial::isSmall);
        }
        return exponent.getAsDouble() == 3
                ? base.map(p -> p.times(p).times(p)).filter(Polynomial::isSmall)
                : Optional.empty();
    }

    private boolean isSmall() {
        return coefficients.length <= MAX_DEGREE + 1;
    }

    private Polynomial plus(Polynomial other) {
        double[] sum = Arrays.copyOf(coefficients, Math.max(coefficients.length, other.coefficients.length));
        for (int i = 0; i < other.coefficients.length; i++) {
            sum[i] += other.coefficients[i];
        }
        return new Polynomial(sum);
    }

    private Polynomial times(Polynomial other) {
        double[] product = new double[coefficients.length + other.coefficients.length - 1];
        for (int i = 0; i < coefficients.length; i++) {
            for (int j = 0; j < other.coefficients.length; j++) {
                product[i + j] += coefficients[i] * other.coefficients[j];
            }
        }
        return new Polynomial(product);
    }
}
