package dev.rlcm.policy;

import dev.rlcm.check.Check;
import dev.rlcm.mdp.LogProbReduction;

/**
 * How a policy samples along a given {@link dev.rlcm.mdp.Schedule}.
 *
 * @param guidanceScale strength of guidance, at least 1, which is none
 * @param batch how many trajectories are sampled at once, at least 1; changes speed and memory, the result by rounding only
 * @param reduction how log-probabilities are reduced over a latent
 */
public record RolloutPlan(double guidanceScale, int batch, LogProbReduction reduction) {
    public RolloutPlan {
        Check.that(
                guidanceScale >= 1 && Double.isFinite(guidanceScale),
                "guidanceScale",
                "at least 1 and finite",
                guidanceScale);
        Check.atLeast(1, "batch", batch);
    }

    /** Guidance 8 (the reference's setting), 8 trajectories at once, log-probabilities averaged over the latent. */
    public static RolloutPlan defaults() {
        return new RolloutPlan(8, 8, LogProbReduction.MEAN);
    }

    public RolloutPlan withGuidance(double value) {
        return new RolloutPlan(value, batch, reduction);
    }

    public RolloutPlan withBatch(int value) {
        return new RolloutPlan(guidanceScale, value, reduction);
    }

    public RolloutPlan withReduction(LogProbReduction value) {
        return new RolloutPlan(guidanceScale, batch, value);
    }
}
