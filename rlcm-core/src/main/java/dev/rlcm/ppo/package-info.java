/**
 * Policy optimisation: {@link dev.rlcm.ppo.PpoOptimizer} updates a policy's adapter from rewarded rollouts,
 * {@link dev.rlcm.ppo.AdvantageEstimator} turns rewards into advantages, and an {@link dev.rlcm.ppo.Objective} is what updates
 * minimise: {@link dev.rlcm.ppo.PolicyLosses} of rows or a {@link dev.rlcm.ppo.PairLoss} of pairs, on rows of a {@link
 * dev.rlcm.ppo.RowSource}. {@link dev.rlcm.ppo.UpdateObserver} watches an update from within. Imports backend, check,
 * compilation, graph, mdp, optim, parallel, policy, random, reward and rewrite.
 */
@NullMarked
package dev.rlcm.ppo;

import org.jspecify.annotations.NullMarked;
