package dev.rlcm.mdp;

/** How the betas of a diffusion's forward process grow, by diffusers' names. */
public enum BetaSchedule {
    LINEAR,
    /** The square root grows linearly: Stable Diffusion and everything made from it. */
    SCALED_LINEAR,
    /** Nichol and Dhariwal's cosine, capped at 0.999 (arXiv:2102.09672, eq. 17); ignores start and end. */
    SQUAREDCOS_CAP_V2;

    /** Parses the value of {@code beta_schedule} in a scheduler configuration. */
    public static BetaSchedule parse(String name) {
        return Names.parse(BetaSchedule.class, "beta_schedule", name);
    }
}
