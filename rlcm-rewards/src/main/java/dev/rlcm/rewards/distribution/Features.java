package dev.rlcm.rewards.distribution;

import java.util.List;

/** Checks of sets of feature vectors. */
final class Features {
    private Features() {}

    /**
     * Copies a set to rows, [n, D].
     *
     * @param least how many there must be
     * @throws IllegalArgumentException if there are fewer, or a vector is empty, of another length or not finite
     */
    static double[][] rows(List<double[]> features, int least, String name) {
        if (features.size() < least) {
            throw new IllegalArgumentException(
                    "the " + name + " must be at least " + least + " pictures, got " + features.size());
        }
        double[][] rows = new double[features.size()][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = features.get(i).clone();
            if (rows[i].length == 0 || rows[i].length != rows[0].length) {
                throw new IllegalArgumentException("features must be of one length, at least 1, but number " + i
                        + " of the " + name + " has " + rows[i].length + " and the first " + rows[0].length);
            }
            for (double value : rows[i]) {
                if (!Double.isFinite(value)) {
                    throw new IllegalArgumentException(
                            "features must be finite, but number " + i + " of the " + name + " has " + value);
                }
            }
        }
        return rows;
    }

    /** @throws IllegalArgumentException if the sets' features are of different lengths */
    static void checkSameLength(int left, int right) {
        if (left != right) {
            throw new IllegalArgumentException("cannot compare features of " + left + " and " + right
                    + " elements; take both from the same encoder");
        }
    }
}
