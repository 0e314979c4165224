/**
 * Policy optimisation: {@link dev.rlcm.ppo.PpoOptimizer} updates a policy's adapter from rewarded rollouts,
 * {@link dev.rlcm.ppo.AdvantageEstimator} turns rewards into advantages, {@link dev.rlcm.ppo.PolicyLosses} are the losses.
 * Imports graph, autodiff, rewrite, backend, optim, policy and random.
 */
@NullMarked
package dev.rlcm.ppo;

import org.jspecify.annotations.NullMarked;
