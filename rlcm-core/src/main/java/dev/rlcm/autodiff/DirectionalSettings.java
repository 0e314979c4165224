package dev.rlcm.autodiff;

import dev.rlcm.graph.DataType;

/**
 * How gradients are compared with differences along directions.
 *
 * @param precision FLOAT64 where the backend computes in double precision whatever the graph declares, as the reference
 *     backend does; then the inputs to differentiate by are fed as FLOAT64. Otherwise the type that the graph computes in
 * @param directions random directions for each input, at least 1
 * @param elements elements of each input that are looked at alone: those of the largest gradients
 * @param step how far to go to either side, relative to the root mean square of the input; absolute where that is 0
 * @param tolerance the largest relative error that passes
 * @param seed of the directions
 */
public record DirectionalSettings(
        DataType precision, int directions, int elements, double step, double tolerance, long seed) {
    /** Checks the numbers. */
    public DirectionalSettings {
        if (!precision.isFloating()) {
            throw new IllegalArgumentException("precision must be a floating type, got " + precision);
        }
        if (directions < 1 || elements < 0) {
            throw new IllegalArgumentException(
                    "directions must be at least 1 and elements not negative, got " + directions + " and " + elements);
        }
        if (!(step > 0) || !(tolerance > 0)) {
            throw new IllegalArgumentException(
                    "step and tolerance must be positive, got " + step + " and " + tolerance);
        }
    }

    /**
     * What suits an arithmetic. A centred difference of step h has an error of about h^2 from curvature and of eps/h from
     * rounding, least at h = eps^(1/3); the tolerance leaves room for the curvature of a deep network. In single precision
     * that is too coarse to tell a small mistake, such as a term of a few per mille, from rounding: use the reference
     * backend for that, on a model small enough for it.
     */
    public static DirectionalSettings of(DataType precision) {
        return switch (precision) {
            case FLOAT64 -> new DirectionalSettings(precision, 4, 4, 1e-5, 1e-5, 0);
            case FLOAT32 -> new DirectionalSettings(precision, 4, 4, 5e-3, 2e-2, 0);
            default -> new DirectionalSettings(precision, 4, 4, 5e-2, 2e-1, 0);
        };
    }

    public DirectionalSettings withDirections(int newDirections) {
        return new DirectionalSettings(precision, newDirections, elements, step, tolerance, seed);
    }

    public DirectionalSettings withElements(int newElements) {
        return new DirectionalSettings(precision, directions, newElements, step, tolerance, seed);
    }

    public DirectionalSettings withStep(double newStep) {
        return new DirectionalSettings(precision, directions, elements, newStep, tolerance, seed);
    }

    public DirectionalSettings withTolerance(double newTolerance) {
        return new DirectionalSettings(precision, directions, elements, step, newTolerance, seed);
    }

    public DirectionalSettings withSeed(long newSeed) {
        return new DirectionalSettings(precision, directions, elements, step, tolerance, newSeed);
    }
}
