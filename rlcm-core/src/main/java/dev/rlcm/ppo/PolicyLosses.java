package dev.rlcm.ppo;

import dev.rlcm.graph.Value;
import dev.rlcm.policy.PolicyGraph;

/** The losses of the field; each maps [B] terms to [B] losses. */
public final class PolicyLosses {
    private PolicyLosses() {}

    /**
     * PPO's clipped surrogate: -min(r A, clip(r, 1 - epsilon, 1 + epsilon) A). Schulman et al., 2017, arXiv:1707.06347,
     * equation 7; Oertell et al., 2024, Algorithm 1.
     *
     * @param epsilon clip range in [0, 1)
     */
    public static PolicyLoss clipped(double epsilon) {
        return clipped(epsilon, epsilon);
    }

    /** The clipped surrogate with different room below and above 1, both in [0, 1). */
    public static PolicyLoss clipped(double below, double above) {
        PpoConfig.requireClipRange(below);
        PpoConfig.requireClipRange(above);
        return t -> {
            Value ratio = t.ratio(); // [B]
            Value clipped = ratio.clip(1 - below, 1 + above).mul(t.advantage());
            return ratio.mul(t.advantage()).min(clipped).neg(); // [B]
        };
    }

    /** The plain policy gradient with importance weights: -r A. */
    public static PolicyLoss importanceWeighted() {
        return t -> t.ratio().mul(t.advantage()).neg();
    }

    /**
     * The Kullback-Leibler divergence from the base model, that is the same network with the adapter off: both policies
     * are Gaussians of the same sigma, so it is (mu - mu_base)^2 / (2 sigma^2), reduced over the latent as
     * log-probabilities are. Costs a second forward pass.
     */
    public static PolicyLoss klToBase() {
        return t -> {
            PolicyGraph policy = t.policy();
            Value z = policy.mean().sub(policy.baseMean()).div(policy.spread(policy.sigma()));
            return policy.reduce(z.square()).mul(0.5);
        };
    }

    /**
     * How far the predicted clean latents are from the base model's, their squared difference reduced over the latent as
     * log-probabilities are: (mu - mu_base)^2 / (1 - sigma^2), since mu = sqrt(1 - sigma^2) x0. Unlike {@link #klToBase} it
     * weighs all steps alike, where the KL divergence hardly minds what the first, noisiest ones predict, which decide what
     * is in the picture. Costs a second forward pass.
     *
     * <p>Only for schedules that noise a prediction to sqrt(1 - sigma^2) x0 + sigma z, as {@link
     * dev.rlcm.mdp.LatentConsistencySchedule} does; meaningless for others.
     */
    public static PolicyLoss driftFromBase() {
        return t -> {
            PolicyGraph policy = t.policy();
            Value difference = policy.mean().sub(policy.baseMean());
            Value signal = policy.sigma().square().neg().add(1); // [B], the square of what x0 is scaled with
            return policy.reduce(difference.square()).div(signal);
        };
    }
}
