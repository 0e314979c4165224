package dev.rlcm.mdp;

import dev.rlcm.check.Check;

/**
 * Which steps of a trajectory draw noise. The others are deterministic, and an update costs nothing for them.
 *
 * @param first the index of the first of them
 * @param count how many there are at most; a trajectory may end before
 */
public record StepWindow(int first, int count) {
    /** Checks the numbers. */
    public StepWindow {
        Check.atLeast(0, "first", first);
        Check.atLeast(1, "count", count);
    }

    /** All steps. */
    public static StepWindow all() {
        return new StepWindow(0, Integer.MAX_VALUE);
    }

    /** Whether step k draws noise. */
    public boolean contains(int k) {
        return k >= first && k - first < count;
    }
}
