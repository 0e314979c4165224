package dev.rlcm.mdp;

/** How the log-densities of a latent's D elements become one log-probability. */
public enum LogProbReduction {
    /** Their mean, as the reference code of RLCM and of DDPO takes it; the clip range 1e-4 is tuned to it. */
    MEAN,
    /** Their sum: the log-density of the whole latent. */
    SUM
}
