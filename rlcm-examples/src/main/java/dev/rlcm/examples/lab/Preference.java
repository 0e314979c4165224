package dev.rlcm.examples.lab;

import dev.rlcm.reward.Sample;

/**
 * That one picture is better than another.
 *
 * @param kind why, such as "blurred"
 * @param isHeldOut whether the animal is one that nothing is fitted to
 */
record Preference(String kind, Sample better, Sample worse, boolean isHeldOut) {}
