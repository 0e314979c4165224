package dev.rlcm.examples.lab;

import java.util.List;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealVector;

/**
 * A score from preferences: P(a is better than b) = sigma(w . a - w . b) for the features a and b of two things (Bradley and Terry, 1952).
 */
final class Preferences {
    private static final int MAX_ITERATIONS = 50;
    private static final double TOLERANCE = 1e-10;

    private Preferences() {}

    /**
     * That one thing is better than another.
     *
     * @param difference of their features, better minus worse, [D]
     * @param weight how much this counts, positive
     */
    record Preference(RealVector difference, double weight) {}

    /**
     * The weights w [D] that maximise the weighted log-likelihood minus ridge / 2 |w|^2, by Newton's method: the problem is convex.
     *
     * @param ridge positive
     */
    static RealVector fit(List<Preference> preferences, double ridge) {
        int length = preferences.get(0).difference.getDimension();
        RealVector weights = new ArrayRealVector(length);
        for (int i = 0; i < MAX_ITERATIONS; i++) {
            RealVector gradient = weights.mapMultiply(-ridge);
            double[][] curvature = MatrixUtils.createRealIdentityMatrix(length)
                    .scalarMultiply(ridge)
                    .getData();
            for (Preference preference : preferences) {
                double[] difference = preference.difference.toArray();
                double wrong = 1 / (1 + Math.exp(weights.dotProduct(preference.difference)));
                gradient.combineToSelf(1, preference.weight * wrong, preference.difference);
                addOuter(curvature, difference, preference.weight * wrong * (1 - wrong));
            }
            RealVector step = new CholeskyDecomposition(new Array2DRowRealMatrix(curvature, false))
                    .getSolver()
                    .solve(gradient);
            weights = weights.add(step);
            if (step.getNorm() <= TOLERANCE * weights.getNorm()) {
                return weights;
            }
        }
        throw new IllegalStateException("no convergence in " + MAX_ITERATIONS + " steps; raise the ridge, got " + ridge);
    }

    /** Exactly symmetric, as the decomposition demands. */
    private static void addOuter(double[][] sum, double[] vector, double weight) {
        for (int i = 0; i < vector.length; i++) {
            for (int j = 0; j < vector.length; j++) {
                sum[i][j] += weight * (vector[i] * vector[j]);
            }
        }
    }

    /** The share of the preferences that the scores agree with, in [0, 1]. */
    static double accuracy(List<Preference> preferences, RealVector weights) {
        return preferences.stream()
                .mapToDouble(preference -> weights.dotProduct(preference.difference) > 0 ? 1 : 0)
                .average()
                .orElse(Double.NaN);
    }
}
