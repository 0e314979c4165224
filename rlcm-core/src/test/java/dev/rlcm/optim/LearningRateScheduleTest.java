package dev.rlcm.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
    @Test
    void theReferencesScheduleIsReproduced() throws IOException {
        Path file = Path.of(System.getProperty("rlcm.root"), "fixtures", "ppo-golden", "linear_lr.json");
        JsonNode cases = new ObjectMapper().readTree(file.toFile());
        assertThat(cases).isNotEmpty();
        for (JsonNode golden : cases) {
            LearningRateSchedule schedule =
                    LearningRateSchedule.reference(golden.path("num_epochs").asLong());
            double base = golden.path("base_lr").asDouble();
            JsonNode rates = golden.path("lr_used_in_epoch");
            assertThat(rates).isNotEmpty();
            for (int epoch = 0; epoch < rates.size(); epoch++) {
                assertThat(base * schedule.factor(epoch))
                        .isCloseTo(rates.path(epoch).asDouble(), within(1e-9 * base));
            }
        }
    }

    @Test
    void schedulesStartAndEndWhereTheySay() {
        assertThat(LearningRateSchedule.constant().factor(1_000_000)).isEqualTo(1);
        LearningRateSchedule linear = LearningRateSchedule.linear(1, 0.5, 10);
        assertThat(linear.factor(0)).isEqualTo(1);
        assertThat(linear.factor(5)).isEqualTo(0.75);
        assertThat(linear.factor(99)).isEqualTo(0.5);
        LearningRateSchedule cosine = LearningRateSchedule.cosine(8);
        assertThat(cosine.factor(0)).isEqualTo(1);
        assertThat(cosine.factor(4)).isCloseTo(0.5, within(1e-12));
        assertThat(cosine.factor(20)).isZero();
    }

    @Property
    void warmupRisesToOneAndHandsOver(@ForAll @IntRange(min = 1, max = 100) int steps) {
        LearningRateSchedule schedule = LearningRateSchedule.warmup(steps, LearningRateSchedule.cosine(10));
        assertThat(schedule.factor(0)).isEqualTo(1.0 / steps);
        assertThat(schedule.factor(steps - 1)).isEqualTo(1);
        assertThat(schedule.factor(steps)).isEqualTo(1);
        assertThat(schedule.factor(steps + 5))
                .isEqualTo(LearningRateSchedule.cosine(10).factor(5));
    }

    @Test
    void schedulesTellTheirNumbers() {
        assertThat(LearningRateSchedule.constant()).hasToString("constant");
        assertThat(LearningRateSchedule.linear(1, 0.5, 10)).hasToString("linear(1.0, 0.5, 10)");
        assertThat(LearningRateSchedule.warmup(3, LearningRateSchedule.cosine(10)))
                .hasToString("warmup(3, cosine(10))");
        assertThat(LearningRateSchedule.reference(4)).hasToString("reference(4)");
    }

    @Test
    void badValuesAreNamed() {
        assertThatThrownBy(() -> LearningRateSchedule.linear(1, -1, 5))
                .hasMessage("end must be finite and not negative, got -1.0");
        assertThatThrownBy(() -> LearningRateSchedule.linear(1, 0, 0)).hasMessage("total must be at least 1, got 0");
        assertThatThrownBy(() -> LearningRateSchedule.warmup(0, LearningRateSchedule.constant()))
                .hasMessage("steps must be at least 1, got 0");
        assertThatThrownBy(() -> LearningRateSchedule.reference(0)).hasMessage("epochs must be at least 1, got 0");
        assertThatThrownBy(() -> LearningRateSchedule.cosine(0)).hasMessage("total must be at least 1, got 0");
        assertThatThrownBy(() -> LearningRateSchedule.linear(-1, 0, 5))
                .hasMessage("start must be finite and not negative, got -1.0");
    }
}
