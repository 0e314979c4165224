package dev.rlcm.mdp;

/** Which of the original (distillation) timesteps a consistency model is evaluated at. They differ for N = 3, 4, 6, 8, 16. */
public enum TimestepRule {
    /** Evenly spread, index floor(k original / N), as in diffusers since 0.23. */
    DIFFUSERS {
        @Override
        int index(int k, int evaluations, int original) {
            // numpy's linspace(0, original, evaluations, endpoint=False): the step first, then the product
            return (int) (k * ((double) original / evaluations));
        }
    },
    /** Every floor(original / N)-th, as in the reference code of RLCM. */
    REFERENCE {
        @Override
        int index(int k, int evaluations, int original) {
            return k * (original / evaluations);
        }
    };

    /** The position among the original timesteps, counted from the noisiest. */
    abstract int index(int k, int evaluations, int original);
}
