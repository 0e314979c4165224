/**
 * The ready-made {@link dev.rlcm.train.Trainer}. Everything it does can be composed by hand from
 * {@link dev.rlcm.policy.ConsistencyPolicy}, {@link dev.rlcm.reward.RewardFunction} and
 * {@link dev.rlcm.ppo.PpoOptimizer}. Imports any package of this module.
 */
@NullMarked
package dev.rlcm.train;

import org.jspecify.annotations.NullMarked;
