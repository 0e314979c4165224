package dev.rlcm.rewards.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.QRDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.Test;

class FrechetDistanceTest {
    @Property(tries = 30)
    void aSetIsAtDistance0FromItself(
            @ForAll @IntRange(min = 2, max = 20) int n,
            @ForAll @IntRange(min = 1, max = 8) int length,
            @ForAll long seed) {
        List<double[]> features = features(n, length, new Random(seed));
        assertThat(FrechetDistance.between(features, features)).isCloseTo(0, within(1e-12));
    }

    @Property(tries = 30)
    void theOrderOfTheSetsDoesNotMatter(
            @ForAll @IntRange(min = 2, max = 20) int n,
            @ForAll @IntRange(min = 1, max = 8) int length,
            @ForAll long seed) {
        Random random = new Random(seed);
        List<double[]> left = features(n, length, random);
        List<double[]> right = features(n + 3, length, random);
        double distance = FrechetDistance.between(left, right);
        assertThat(distance).isNotNegative();
        assertThat(FrechetDistance.between(right, left)).isCloseTo(distance, within(1e-10));
    }

    /** With C1 = Q diag(a) Q' and C2 = Q diag(b) Q' the trace is sum (sqrt(a) - sqrt(b))^2. */
    @Property(tries = 30)
    void covariancesThatCommuteHaveAClosedForm(@ForAll @IntRange(min = 1, max = 8) int length, @ForAll long seed) {
        Random random = new Random(seed);
        RealMatrix rotation = rotation(length, random);
        double[] left = variances(length, random);
        double[] right = variances(length, random);
        double[] shift = random.doubles(length).toArray();
        double expected = IntStream.range(0, length)
                .mapToDouble(i -> shift[i] * shift[i] + Math.pow(Math.sqrt(left[i]) - Math.sqrt(right[i]), 2))
                .sum();
        assertThat(FrechetDistance.between(
                        new GaussianFit(new double[length], rotated(left, rotation)),
                        new GaussianFit(shift, rotated(right, rotation))))
                .isCloseTo(expected, within(1e-10));
    }

    /** The definition, by the eigenvalues of C1 C2, which is not symmetric; far from singular they are exact enough. */
    @Property(tries = 30)
    void itAgreesWithTheEigenvaluesOfTheProduct(@ForAll @IntRange(min = 2, max = 6) int length, @ForAll long seed) {
        Random random = new Random(seed);
        GaussianFit left = GaussianFit.of(features(60, length, random));
        GaussianFit right = GaussianFit.of(features(60, length, random));
        RealMatrix first = new Array2DRowRealMatrix(left.covariance());
        RealMatrix second = new Array2DRowRealMatrix(right.covariance());
        double root = Arrays.stream(new EigenDecomposition(first.multiply(second)).getRealEigenvalues())
                .map(Math::sqrt)
                .sum();
        double means = IntStream.range(0, length)
                .mapToDouble(i -> Math.pow(left.mean()[i] - right.mean()[i], 2))
                .sum();
        assertThat(FrechetDistance.between(left, right))
                .isCloseTo(means + first.getTrace() + second.getTrace() - 2 * root, within(1e-8));
    }

    @Property(tries = 30)
    void rotatingAndMovingBothSetsChangesNothingAndScalingThemGoesWithTheSquare(
            @ForAll @IntRange(min = 1, max = 8) int length, @ForAll long seed) {
        Random random = new Random(seed);
        RealMatrix rotation = rotation(length, random);
        List<double[]> left = features(12, length, random);
        List<double[]> right = features(15, length, random);
        double moved = FrechetDistance.between(moved(left, rotation), moved(right, rotation));
        assertThat(moved).isCloseTo(9 * FrechetDistance.between(left, right), within(1e-9));
    }

    /** Rotates, scales by 3 and adds 5. */
    private static List<double[]> moved(List<double[]> features, RealMatrix rotation) {
        return features.stream()
                .map(each -> Arrays.stream(rotation.operate(each))
                        .map(x -> 3 * x + 5)
                        .toArray())
                .toList();
    }

    @Test
    void oneElementByHand() {
        List<double[]> left = List.of(new double[] {0}, new double[] {2}); // mean 1, variance 2
        List<double[]> right = List.of(new double[] {1}, new double[] {5}); // mean 3, variance 8
        // 2^2 + 2 + 8 - 2 sqrt(16)
        assertThat(FrechetDistance.between(left, right)).isCloseTo(6, within(1e-12));
    }

    @Test
    void setsOfOnePictureManyTimesAreAsFarAsTheirMeans() {
        List<double[]> left = List.of(new double[] {0, 0}, new double[] {0, 0});
        List<double[]> right = List.of(new double[] {3, 4}, new double[] {3, 4});
        assertThat(FrechetDistance.between(left, right)).isCloseTo(25, within(1e-12));
    }

    @Test
    void whatCannotBeComparedIsRefused() {
        List<double[]> two = features(2, 3, new Random(1));
        assertThatThrownBy(() -> FrechetDistance.between(two.subList(0, 1), two))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least 2 pictures, got 1");
        assertThatThrownBy(() -> FrechetDistance.between(two, features(2, 4, new Random(1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 and 4 elements");
        assertThatThrownBy(() -> GaussianFit.of(List.of(new double[] {1, 2}, new double[] {3})))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("number 1 of the set has 1");
        assertThatThrownBy(() -> GaussianFit.of(List.of(new double[] {1}, new double[] {Double.NaN})))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> new GaussianFit(new double[2], new double[][] {{1, 2}, {3, 1}}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("symmetric");
    }

    static List<double[]> features(int n, int length, Random random) {
        return Stream.generate(() -> random.doubles(length).toArray()).limit(n).toList();
    }

    private static double[] variances(int length, Random random) {
        return random.doubles(length, 0.1, 4).toArray();
    }

    private static RealMatrix rotation(int length, Random random) {
        RealMatrix matrix =
                MatrixUtils.createRealMatrix(features(length, length, random).toArray(double[][]::new));
        return new QRDecomposition(matrix).getQ();
    }

    private static double[][] rotated(double[] variances, RealMatrix rotation) {
        return rotation.multiply(MatrixUtils.createRealDiagonalMatrix(variances))
                .multiply(rotation.transpose())
                .getData();
    }
}
