package dev.rlcm.mdp;

/** The argument checks of this package's records. */
final class Check {
    private Check() {}

    static void that(boolean holds, String name, String range, Object value) {
        if (!holds) {
            throw new IllegalArgumentException(name + " must be " + range + ", got " + value);
        }
    }

    static void positive(String name, double value) {
        that(value > 0 && Double.isFinite(value), name, "positive and finite", value);
    }

    static void evaluations(int evaluations, int most) {
        that(evaluations >= 1 && evaluations <= most, "evaluations", "in [1, " + most + "]", evaluations);
    }
}
