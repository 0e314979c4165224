package dev.rlcm.policy;

import dev.rlcm.check.Check;
import dev.rlcm.mdp.LastStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.mdp.TimestepRule;

/**
 * What a model needs to know to make a policy: the choices of its schedule, and how the policy then samples.
 *
 * @param steps N, the number of network evaluations of a trajectory, at least 1; the paper's horizon. With {@link
 *     LastStep#OMIT} there are N - 1 actions, so that training takes at least 2
 * @param lastStep whether a consistency model draws noise after the last evaluation; diffusion models ignore it
 * @param timestepRule which of the two published rules chooses a consistency model's timesteps; diffusion models ignore it
 * @param rollout how the policy samples along that schedule
 */
public record SamplingPlan(int steps, LastStep lastStep, TimestepRule timestepRule, RolloutPlan rollout) {
    public SamplingPlan {
        Check.atLeast(1, "steps", steps);
    }

    /** The given number of evaluations, no noise after the last one, {@link RolloutPlan#defaults()}. */
    public static SamplingPlan steps(int steps) {
        return new SamplingPlan(steps, LastStep.OMIT, TimestepRule.DIFFUSERS, RolloutPlan.defaults());
    }

    public SamplingPlan withLastStep(LastStep value) {
        return new SamplingPlan(steps, value, timestepRule, rollout);
    }

    public SamplingPlan withTimestepRule(TimestepRule value) {
        return new SamplingPlan(steps, lastStep, value, rollout);
    }

    public SamplingPlan withRollout(RolloutPlan value) {
        return new SamplingPlan(steps, lastStep, timestepRule, value);
    }

    /** With another {@link RolloutPlan#guidanceScale}. */
    public SamplingPlan withGuidance(double value) {
        return withRollout(rollout.withGuidance(value));
    }

    /** With another {@link RolloutPlan#batch}. */
    public SamplingPlan withBatch(int value) {
        return withRollout(rollout.withBatch(value));
    }

    /** With another {@link RolloutPlan#reduction}. */
    public SamplingPlan withReduction(LogProbReduction value) {
        return withRollout(rollout.withReduction(value));
    }
}
