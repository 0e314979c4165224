/**
 * Policy optimisation from trajectories and rewards: {@link dev.rlcm.ppo.AdvantageEstimator} turns rewards into
 * advantages.
 */
@NullMarked
package dev.rlcm.ppo;

import org.jspecify.annotations.NullMarked;
