package dev.rlcm.rewards.distribution;

import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.util.MathArrays;

/**
 * Improved precision and recall (Kynkaanniemi et al., 2019, arXiv:1904.06991, section 2): how many generated pictures look like real ones,
 * and how many of the real ones the generator could have drawn. A picture belongs to a set if, around some member of the set, it lies within
 * the distance of that member's k-th nearest neighbour in the set.
 *
 * <p>Both depend on the size of the sets, so compare results of the same sizes only.
 *
 * @param precision share of the generated features that belong to the real set, in [0, 1]: quality
 * @param recall share of the real features that belong to the generated set, in [0, 1]: variety
 */
public record PrecisionRecall(double precision, double recall) {
    /** The paper's choice of k. */
    public static final int NEIGHBOURS = 3;

    /** With k = 3. */
    public static PrecisionRecall of(List<double[]> real, List<double[]> generated) {
        return of(real, generated, NEIGHBOURS);
    }

    /**
     * Compares two sets of features, in O(n^2 D).
     *
     * @param real more than k vectors [D]
     * @param generated more than k vectors [D]
     * @param neighbours k, at least 1
     */
    public static PrecisionRecall of(List<double[]> real, List<double[]> generated, int neighbours) {
        if (neighbours < 1) {
            throw new IllegalArgumentException("neighbours must be at least 1, got " + neighbours);
        }
        double[][] first = Features.rows(real, neighbours + 1, "real set");
        double[][] second = Features.rows(generated, neighbours + 1, "generated set");
        Features.checkSameLength(first[0].length, second[0].length);
        return new PrecisionRecall(share(second, first, neighbours), share(first, second, neighbours));
    }

    /** The share of the candidates that belong to the set. */
    private static double share(double[][] candidates, double[][] set, int neighbours) {
        double[] radii = Arrays.stream(set)
                .parallel()
                .mapToDouble(member -> radius(member, set, neighbours))
                .toArray();
        long inside = Arrays.stream(candidates)
                .parallel()
                .filter(candidate -> isInside(candidate, set, radii))
                .count();
        return (double) inside / candidates.length;
    }

    /** The distance of the k-th nearest other member. The nearest of all is the member itself, at distance 0. */
    private static double radius(double[] member, double[][] set, int neighbours) {
        return Arrays.stream(set)
                .mapToDouble(other -> MathArrays.distance(member, other))
                .sorted()
                .skip(neighbours)
                .findFirst()
                .orElseThrow();
    }

    private static boolean isInside(double[] candidate, double[][] set, double[] radii) {
        for (int i = 0; i < set.length; i++) {
            if (MathArrays.distance(candidate, set[i]) <= radii[i]) {
                return true;
            }
        }
        return false;
    }
}
