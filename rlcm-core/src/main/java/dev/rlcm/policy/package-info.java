/**
 * The policy: a consistency model with a low-rank adapter, sampled step by step. Start with
 * {@link dev.rlcm.policy.Policy} and {@link dev.rlcm.policy.ConsistencyPolicy}; {@link dev.rlcm.policy.Rollout} and {@link
 * dev.rlcm.policy.Trajectory} are what they produce, {@link dev.rlcm.policy.PolicyGraph} is what optimisers differentiate.
 * Imports backend, check, compilation, graph, lora, mdp, parallel, random, reward and rewrite.
 */
@NullMarked
package dev.rlcm.policy;

import org.jspecify.annotations.NullMarked;
