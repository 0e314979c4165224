package dev.rlcm.ppo;

import dev.rlcm.check.Check;
import java.util.function.DoubleSupplier;

/**
 * The weight of a KL divergence, fixed or adapted so that the divergence stays near a target. {@link KlRegularizedAdvantages}
 * measures the divergence; a loss may have the same coefficient as its weight, see {@link PolicyLoss#plus(DoubleSupplier,
 * PolicyLoss)}.
 * Not thread-safe.
 */
public final class KlCoefficient implements DoubleSupplier {
    private static final double GAIN = 0.1;
    private static final double LARGEST_ERROR = 0.2;

    private final double initial;
    private final double target;
    private double value;

    private KlCoefficient(double initial, double target) {
        this.initial = initial;
        this.target = target;
        this.value = initial;
    }

    /** Always the same weight, finite and not negative. */
    public static KlCoefficient fixed(double value) {
        Check.notNegative("coefficient", value);
        return new KlCoefficient(value, Double.POSITIVE_INFINITY);
    }

    /**
     * A proportional controller: with every measured divergence, coefficient x (1 + 0.1 error), where error = divergence / target
     * - 1, clipped to plus or minus 0.2. Ziegler et al., 2019, arXiv:1909.08593, section 2.2.
     *
     * @param initial positive
     * @param target positive, in the unit of what is measured
     */
    public static KlCoefficient adaptive(double initial, double target) {
        Check.positive("initial", initial);
        Check.positive("target", target);
        return new KlCoefficient(initial, target);
    }

    /** The present weight. */
    @Override
    public double getAsDouble() {
        return value;
    }

    /**
     * Takes a measured divergence into account; a fixed coefficient ignores it.
     *
     * @throws IllegalArgumentException if it is not finite
     */
    public void observe(double divergence) {
        Check.that(Double.isFinite(divergence), "divergence", "finite", divergence);
        if (isAdaptive()) {
            double error = Math.max(-LARGEST_ERROR, Math.min(LARGEST_ERROR, divergence / target - 1));
            value *= 1 + GAIN * error;
        }
    }

    /** Continues from a value of {@link #getAsDouble}. */
    void restore(double newValue) {
        value = newValue;
    }

    private boolean isAdaptive() {
        return Double.isFinite(target);
    }

    @Override
    public String toString() {
        return isAdaptive() ? "adaptive(" + initial + ", " + target + ")" : "fixed(" + initial + ")";
    }
}
