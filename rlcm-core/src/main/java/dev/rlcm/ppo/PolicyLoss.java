package dev.rlcm.ppo;

import dev.rlcm.graph.Value;
import java.util.function.DoubleSupplier;

/**
 * A loss to be minimised, as a differentiable expression: one number per transition, [B], which the optimiser averages
 * over all transitions of an optimiser step, however they are split into minibatches. Must not depend on how many rows a
 * minibatch has. Called whenever the optimiser builds a graph, not once per update: what it reads from outside is baked in.
 */
@FunctionalInterface
public interface PolicyLoss {
    /** The loss of every transition, FLOAT32 [B], built from the terms. */
    Value of(PolicyTerms terms);

    /** This loss + weight x the other. */
    default PolicyLoss plus(double weight, PolicyLoss other) {
        return terms -> of(terms).add(other.of(terms).mul(weight));
    }

    /**
     * This loss + weight x the other, with a weight that may change from one run of the graph to the next, see {@link
     * PolicyTerms#setting}.
     */
    default PolicyLoss plus(DoubleSupplier weight, PolicyLoss other) {
        return terms -> of(terms).add(other.of(terms).mul(terms.setting(weight)));
    }

    /** The same loss, whose mean is reported under that name, see {@link PolicyTerms#report}. */
    default PolicyLoss named(String name) {
        return terms -> terms.report(name, of(terms));
    }
}
