package dev.rlcm.check;

/** The argument checks of settings: a setting that is out of range becomes a message with its name, range and value. */
public final class Check {
    private Check() {}

    /**
     * Refuses a value unless something is true.
     *
     * @param holds what must be true
     * @param name of the setting
     * @param range what it must be, for example {@code in [0, 1)}
     * @throws IllegalArgumentException if it is not: {@code name must be range, got value}
     */
    public static void that(boolean holds, String name, String range, Object value) {
        if (!holds) {
            throw new IllegalArgumentException(name + " must be " + range + ", got " + value);
        }
    }

    /** Positive and finite. */
    public static void positive(String name, double value) {
        that(value > 0 && Double.isFinite(value), name, "positive and finite", value);
    }

    /** Finite and not negative. */
    public static void notNegative(String name, double value) {
        that(value >= 0 && Double.isFinite(value), name, "finite and not negative", value);
    }

    /** At least the least. */
    public static void atLeast(long least, String name, long value) {
        that(value >= least, name, "at least " + least, value);
    }

    /** In [least, most]. */
    public static void between(long least, long most, String name, long value) {
        that(value >= least && value <= most, name, "in [" + least + ", " + most + "]", value);
    }
}
