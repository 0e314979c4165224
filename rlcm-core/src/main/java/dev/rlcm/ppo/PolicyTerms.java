package dev.rlcm.ppo;

import dev.rlcm.graph.Value;
import dev.rlcm.policy.PolicyGraph;

/**
 * What a policy loss is made of, as FLOAT32 values of the graph over a minibatch of B transitions. Gradients go through what
 * depends on the adapter: {@code logProb} and the policy's mean.
 *
 * @param policy the policy being optimised: its mean, sigma and log-probabilities, and the base model's
 * @param logProb log pi_theta(a|s), [B]; depends on the adapter
 * @param oldLogProb log pi_old(a|s) as recorded by the rollout, or computed again where the settings say so, [B]
 * @param advantage the advantage of the transition's trajectory, clamped, [B]
 * @param clipRange the settings' clip range, by which reports count; a loss that clips should use no other
 */
public record PolicyTerms(PolicyGraph policy, Value logProb, Value oldLogProb, Value advantage, ClipRange clipRange) {
    /** r = pi_theta / pi_old = exp(logProb - oldLogProb), [B]. */
    public Value ratio() {
        return logProb.sub(oldLogProb).exp();
    }
}
