package dev.rlcm.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.mdp.LastStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.mdp.TimestepRule;
import org.junit.jupiter.api.Test;

class SamplingPlanTest {
    @Test
    void defaultsAreTheModelsTimestepsAndThePapersGuidance() {
        assertThat(SamplingPlan.steps(4))
                .isEqualTo(new SamplingPlan(
                        4, LastStep.OMIT, TimestepRule.DIFFUSERS, new RolloutPlan(8, 8, LogProbReduction.MEAN)));
    }

    @Test
    void everySettingChangesThatAlone() {
        SamplingPlan plan = SamplingPlan.steps(4);
        RolloutPlan rollout = plan.rollout();
        assertThat(plan.withLastStep(LastStep.REFERENCE))
                .isEqualTo(new SamplingPlan(4, LastStep.REFERENCE, TimestepRule.DIFFUSERS, rollout));
        assertThat(plan.withTimestepRule(TimestepRule.REFERENCE))
                .isEqualTo(new SamplingPlan(4, LastStep.OMIT, TimestepRule.REFERENCE, rollout));
        assertThat(plan.withGuidance(3).rollout()).isEqualTo(new RolloutPlan(3, 8, LogProbReduction.MEAN));
        assertThat(plan.withBatch(2).rollout()).isEqualTo(new RolloutPlan(8, 2, LogProbReduction.MEAN));
        assertThat(plan.withReduction(LogProbReduction.SUM).rollout())
                .isEqualTo(new RolloutPlan(8, 8, LogProbReduction.SUM));
        assertThat(plan.withGuidance(3).withBatch(2).steps()).isEqualTo(4);
    }

    @Test
    void settingsOutOfTheirRangeAreRefused() {
        assertThat(SamplingPlan.steps(1).withGuidance(1).withBatch(1).steps()).isEqualTo(1);
        refused(() -> SamplingPlan.steps(0), "steps must be at least 1, got 0");
        refused(() -> SamplingPlan.steps(4).withBatch(0), "batch must be at least 1, got 0");
        refused(() -> SamplingPlan.steps(4).withGuidance(0.5), "guidanceScale must be at least 1 and finite, got 0.5");
        refused(
                () -> SamplingPlan.steps(4).withGuidance(Double.POSITIVE_INFINITY),
                "guidanceScale must be at least 1 and finite, got Infinity");
    }

    private static void refused(Runnable made, String message) {
        assertThatThrownBy(made::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
