/**
 * How far a set of pictures is from another, by their features: quality and variety of a model as a whole, which no score of a single
 * picture shows. Start with {@link dev.rlcm.rewards.distribution.FrechetDistance}. Imports Commons Math only.
 */
@NullMarked
package dev.rlcm.rewards.distribution;

import org.jspecify.annotations.NullMarked;
