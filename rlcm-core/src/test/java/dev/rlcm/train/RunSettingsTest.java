package dev.rlcm.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.optim.LearningRateSchedule;
import org.junit.jupiter.api.Test;

class RunSettingsTest {
    /** The object's own text would differ from run to run, and a run could not be resumed. */
    @Test
    void functionsInsideOfSettingsAreCustom() {
        LearningRateSchedule lambda = step -> 1;
        LearningRateSchedule anonymous = new LearningRateSchedule() {
            @Override
            public double factor(long step) {
                return 1;
            }
        };
        RunSettings settings = RunSettings.NONE
                .withTunable("alone", lambda)
                .withTunable("inside", LearningRateSchedule.warmup(3, lambda))
                .withTunable("anonymous", anonymous);
        assertThat(settings.tunable())
                .containsEntry("alone", "custom")
                .containsEntry("inside", "warmup(3, custom)")
                .containsEntry("anonymous", "custom");
    }
}
