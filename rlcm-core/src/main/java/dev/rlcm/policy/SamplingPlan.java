package dev.rlcm.policy;

import dev.rlcm.mdp.LastStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.mdp.TimestepRule;

/**
 * How a policy samples.
 *
 * @param steps N, the number of network evaluations of a trajectory, at least 1; the paper's horizon. With {@link
 *     LastStep#OMIT} there are N - 1 actions, so that training takes at least 2
 * @param guidanceScale strength of guidance, at least 1, which is none
 * @param batch how many trajectories are sampled at once, at least 1; changes speed and memory, the result by rounding only
 * @param reduction how log-probabilities are reduced over a latent
 * @param lastStep whether a consistency model draws noise after the last evaluation
 * @param timestepRule which of the two published rules chooses a consistency model's timesteps
 */
public record SamplingPlan(
        int steps,
        double guidanceScale,
        int batch,
        LogProbReduction reduction,
        LastStep lastStep,
        TimestepRule timestepRule) {
    public SamplingPlan {
        if (steps < 1) {
            throw new IllegalArgumentException("steps must be at least 1, got " + steps);
        }
        if (!(guidanceScale >= 1) || Double.isInfinite(guidanceScale)) {
            throw new IllegalArgumentException("guidanceScale must be at least 1 and finite, got " + guidanceScale);
        }
        if (batch < 1) {
            throw new IllegalArgumentException("batch must be at least 1, got " + batch);
        }
    }

    /**
     * The given number of evaluations with guidance 8 (the reference's setting), 8 trajectories at once, log-probabilities
     * averaged over the latent, and no noise after the last evaluation.
     */
    public static SamplingPlan steps(int steps) {
        return new SamplingPlan(steps, 8, 8, LogProbReduction.MEAN, LastStep.OMIT, TimestepRule.DIFFUSERS);
    }

    public SamplingPlan withGuidance(double newGuidanceScale) {
        return new SamplingPlan(steps, newGuidanceScale, batch, reduction, lastStep, timestepRule);
    }

    public SamplingPlan withBatch(int newBatch) {
        return new SamplingPlan(steps, guidanceScale, newBatch, reduction, lastStep, timestepRule);
    }

    public SamplingPlan withReduction(LogProbReduction newReduction) {
        return new SamplingPlan(steps, guidanceScale, batch, newReduction, lastStep, timestepRule);
    }

    public SamplingPlan withLastStep(LastStep newLastStep) {
        return new SamplingPlan(steps, guidanceScale, batch, reduction, newLastStep, timestepRule);
    }

    public SamplingPlan withTimestepRule(TimestepRule newRule) {
        return new SamplingPlan(steps, guidanceScale, batch, reduction, lastStep, newRule);
    }
}
