package dev.rlcm.examples.lab;

import dev.rlcm.reward.Sample;
import java.util.random.RandomGenerator;

/**
 * That one picture is better than another.
 *
 * @param kind why, such as "blurred"
 * @param isHeldOut whether nothing is fitted to it
 */
record Preference(String kind, Sample better, Worse worse, boolean isHeldOut) {
    /** The other picture, which may be another one whenever it is asked for. */
    @FunctionalInterface
    interface Worse {
        Sample picture(RandomGenerator random);
    }

    static Preference of(String kind, Sample better, Sample worse, boolean isHeldOut) {
        return new Preference(kind, better, random -> worse, isHeldOut);
    }
}
