package dev.rlcm.mdp;

/** What becomes of the last network evaluation of a latent consistency model. */
public enum LastStep {
    /** It yields the sample f, without noise: N evaluations are N - 1 actions. */
    OMIT,
    /**
     * As the reference code does: N actions, the last of which noises f to the level of its own timestep. The rewarded
     * sample is still f, which that noise never reaches: zero expected gradient, pure variance. With N = 1 the reference
     * moreover records f itself as the next state and scores it with that Gaussian.
     */
    REFERENCE
}
