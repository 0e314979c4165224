/**
 * Policy optimisation: {@link dev.rlcm.ppo.PpoOptimizer} updates a policy's adapter from rewarded rollouts,
 * {@link dev.rlcm.ppo.AdvantageEstimator} turns rewards into advantages, {@link dev.rlcm.ppo.PolicyLosses} are the losses.
 * {@link
 * dev.rlcm.ppo.UpdateObserver} watches an update from within. Imports check, graph, autodiff, rewrite, backend, optim, policy
 * and random.
 */
@NullMarked
package dev.rlcm.ppo;

import org.jspecify.annotations.NullMarked;
