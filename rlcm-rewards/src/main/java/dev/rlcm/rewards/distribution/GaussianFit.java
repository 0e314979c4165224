package dev.rlcm.rewards.distribution;

import java.util.List;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.stat.correlation.Covariance;
import org.apache.commons.math3.stat.descriptive.moment.VectorialMean;
import org.apache.commons.math3.util.MathUtils;

/**
 * The normal distribution with the mean and the covariance of a set of features. Immutable and thread-safe.
 *
 * @param mean [D], finite
 * @param covariance [D, D], finite, symmetric and positive semidefinite
 */
public record GaussianFit(double[] mean, double[][] covariance) {
    /** How far a covariance may be from symmetric, relative to the elements that differ. */
    private static final double TOLERANCE = 1e-9;

    public GaussianFit {
        mean = mean.clone();
        MathUtils.checkFinite(mean);
        covariance = symmetric(new Array2DRowRealMatrix(covariance)).getData();
        Features.checkSameLength(mean.length, covariance.length);
    }

    /** The matrix without what rounding made of its symmetry. */
    private static RealMatrix symmetric(RealMatrix matrix) {
        for (double[] row : matrix.getData()) {
            MathUtils.checkFinite(row);
        }
        MatrixUtils.checkSymmetric(matrix, TOLERANCE);
        return matrix.add(matrix.transpose()).scalarMultiply(0.5);
    }

    /**
     * Fits the sample mean and the unbiased covariance, with the divisor n - 1.
     *
     * @param features at least two vectors [D]; from fewer than D + 1 the covariance is singular, which is allowed
     */
    public static GaussianFit of(List<double[]> features) {
        double[][] rows = Features.rows(features, 2, "set");
        VectorialMean mean = new VectorialMean(rows[0].length);
        for (double[] row : rows) {
            mean.increment(row);
        }
        return new GaussianFit(
                mean.getResult(), new Covariance(rows).getCovarianceMatrix().getData());
    }
}
