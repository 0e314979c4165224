package dev.rlcm.ppo;

import dev.rlcm.graph.Value;

/**
 * A loss to be minimised, as a differentiable expression: one number per transition, [B], which the optimiser averages
 * over all transitions of an optimiser step, however they are split into minibatches. Must not depend on how many rows a
 * minibatch has.
 */
@FunctionalInterface
public interface PolicyLoss {
    /** The loss of every transition, [B], built from the terms. */
    Value of(PolicyTerms terms);

    /** The sum of this loss and the weighted other. */
    default PolicyLoss plus(double weight, PolicyLoss other) {
        return terms -> of(terms).add(other.of(terms).mul(weight));
    }
}
