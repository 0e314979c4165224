package dev.rlcm.examples.reproduction;

import java.util.Locale;

/**
 * How far the mean of one group of seeds is above that of another.
 *
 * @param error the standard error of the difference; NaN where a group has one seed
 */
record Difference(double mean, double error) {
    /** Welch's: the groups' variances need not be equal. */
    static Difference of(Spread first, Spread second) {
        double error = first.count() < 2 || second.count() < 2 ? Double.NaN : Math.sqrt(share(first) + share(second));
        return new Difference(first.mean() - second.mean(), error);
    }

    private static double share(Spread spread) {
        return spread.deviation() * spread.deviation() / spread.count();
    }

    /** Whether seeds alone would hardly ever make such a difference: more than two standard errors. */
    boolean isClear() {
        return Math.abs(mean) > 2 * error; // false where the error is not known
    }

    /** What the difference says about whether the first group is above the second. */
    String verdict() {
        if (Double.isNaN(error)) {
            return mean > 0 ? "yes, by one seed" : "no, by one seed";
        }
        return isClear() ? mean > 0 ? "yes" : "no" : "not told apart from the spread of seeds";
    }

    /** For tables: {@code +1.234 ± 0.056}, with two standard errors. */
    @Override
    public String toString() {
        return Double.isNaN(error)
                ? String.format(Locale.ROOT, "%+.3f", mean)
                : String.format(Locale.ROOT, "%+.3f ± %.3f", mean, 2 * error);
    }
}
