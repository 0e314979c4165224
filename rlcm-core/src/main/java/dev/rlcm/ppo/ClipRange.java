package dev.rlcm.ppo;

import dev.rlcm.check.Check;

/**
 * How far from 1 a probability ratio may go until the clipped surrogate stops rewarding it: down to 1 - below, up to
 * 1 + above.
 *
 * @param below in [0, 1)
 * @param above in [0, 1)
 */
public record ClipRange(double below, double above) {
    public ClipRange {
        check(below);
        check(above);
    }

    /** The same room on both sides: PPO's epsilon, in [0, 1). */
    public static ClipRange of(double epsilon) {
        return new ClipRange(epsilon, epsilon);
    }

    private static void check(double value) {
        Check.that(value >= 0 && value < 1, "clipRange", "in [0, 1)", value);
    }
}
