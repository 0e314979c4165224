/**
 * The ready-made {@link dev.rlcm.train.Trainer}. Everything it does can be composed by hand from
 * {@link dev.rlcm.policy.Policy}, {@link dev.rlcm.reward.RewardFunction}, {@link dev.rlcm.ppo.PpoOptimizer} and {@link
 * dev.rlcm.train.Checkpoint}. Imports any package of this module.
 */
@NullMarked
package dev.rlcm.train;

import org.jspecify.annotations.NullMarked;
