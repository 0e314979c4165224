package dev.rlcm.rewards.distribution;

import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.apache.commons.math3.util.MathArrays;

/**
 * The squared Frechet distance of two normal distributions, which is FID where the features are those of Inception (Heusel et al., 2017,
 * arXiv:1706.08500, eq. 6):
 *
 * <pre>{@code
 * d^2 = |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))
 * }</pre>
 *
 * <p>It is at least 0, and 0 for the same distribution. A finite sample makes it too large, by about 1/n: only distances of sets of the same
 * size are comparable, and what can be reached at best is the distance of two disjoint sets of real pictures.
 *
 * <p>Thread-safe.
 */
public final class FrechetDistance {
    private FrechetDistance() {}

    /**
     * Of the normal distributions that fit two sets of features.
     *
     * @param left at least two vectors [D]
     * @param right at least two vectors [D]
     */
    public static double between(List<double[]> left, List<double[]> right) {
        return between(GaussianFit.of(left), GaussianFit.of(right));
    }

    /** Of two normal distributions over vectors of the same length. */
    public static double between(GaussianFit left, GaussianFit right) {
        Features.checkSameLength(left.mean().length, right.mean().length);
        RealMatrix first = matrix(left.covariance());
        RealMatrix second = matrix(right.covariance());
        double means = MathArrays.distance(left.mean(), right.mean());
        double spread = first.getTrace() + second.getTrace() - 2 * traceOfRoot(first, second);
        return means * means + Math.max(0, spread);
    }

    /**
     * tr((C1 C2)^(1/2)) is the sum of the singular values of C1^(1/2) C2^(1/2), whose squares are the eigenvalues of C1 C2. Unlike those,
     * they are real whatever was rounded, and lose no digits where a covariance is nearly singular.
     */
    private static double traceOfRoot(RealMatrix first, RealMatrix second) {
        RealMatrix product = root(first).multiply(root(second));
        return Arrays.stream(new SingularValueDecomposition(product).getSingularValues())
                .sum();
    }

    /** The symmetric square root; eigenvalues that rounding made negative count as 0. */
    private static RealMatrix root(RealMatrix covariance) {
        EigenDecomposition eigen = new EigenDecomposition(covariance);
        double[] roots = Arrays.stream(eigen.getRealEigenvalues())
                .map(value -> Math.sqrt(Math.max(0, value)))
                .toArray();
        RealMatrix scaled = eigen.getV().multiply(MatrixUtils.createRealDiagonalMatrix(roots));
        return scaled.multiply(eigen.getVT());
    }

    private static RealMatrix matrix(double[][] values) {
        return new Array2DRowRealMatrix(values, false);
    }
}
