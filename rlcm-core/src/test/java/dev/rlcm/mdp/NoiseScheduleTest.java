package dev.rlcm.mdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rlcm.graph.TensorData;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class NoiseScheduleTest {
    @Test
    void tablesAreThoseOfPyTorchToTheBit() {
        Map<String, TensorData> golden = Goldens.arrays("scheduler-golden/lcm_tables.npz");
        assertThat(NoiseSchedule.defaults().betas())
                .containsExactly(golden.get("betas").toFloats());
        assertThat(NoiseSchedule.defaults().alphasCumprod())
                .containsExactly(golden.get("alphas_cumprod").toFloats());
    }

    @Test
    void theEmojiModelsTableIsReproduced() {
        JsonNode golden = Goldens.json("emoji-golden/schedule.json");
        float[] abar = NoiseSchedule.defaults().alphasCumprod();
        for (int i = 0; i < golden.path("at").size(); i++) {
            assertThat((double) abar[golden.path("at").path(i).asInt()])
                    .isCloseTo(golden.path("alphas_cumprod").path(i).asDouble(), within(1e-6));
        }
    }

    @Property(tries = 100)
    void abarDecreasesWithinTheUnitInterval(
            @ForAll BetaSchedule shape, @ForAll boolean zeroSnr, @ForAll @IntRange(min = 2, max = 2000) int steps) {
        float[] abar = new NoiseSchedule(shape, 0.00085, 0.012, steps, zeroSnr).alphasCumprod();
        assertThat(abar).hasSize(steps);
        assertThat(abar[0]).isLessThan(1);
        for (int t = 1; t < steps; t++) {
            assertThat(abar[t]).isLessThan(abar[t - 1]);
        }
        if (zeroSnr) {
            assertThat(abar[steps - 1]).isZero();
        } else {
            assertThat(abar[steps - 1]).isPositive();
        }
    }

    @Test
    void rescalingKeepsTheFirstAbar() {
        float[] plain = NoiseSchedule.defaults().alphasCumprod();
        float[] rescaled = NoiseSchedule.defaults().withZeroTerminalSnr(true).alphasCumprod();
        assertThat(rescaled[0]).isCloseTo(plain[0], within(1e-6f));
        // Lin et al., table 1 of the paper's schedule: sqrt(abar) is shifted linearly
        double expected = (Math.sqrt(plain[500]) - Math.sqrt(plain[999]))
                * Math.sqrt(plain[0])
                / (Math.sqrt(plain[0]) - Math.sqrt(plain[999]));
        assertThat(Math.sqrt(rescaled[500])).isCloseTo(expected, within(1e-5));
    }

    @Test
    void theCosineScheduleFollowsItsFormula() {
        float[] abar = new NoiseSchedule(BetaSchedule.SQUAREDCOS_CAP_V2, 0.1, 0.2, 1000, false).alphasCumprod();
        double start = Math.pow(Math.cos(0.008 / 1.008 * Math.PI / 2), 2);
        double half = Math.pow(Math.cos(0.508 / 1.008 * Math.PI / 2), 2);
        assertThat((double) abar[499]).isCloseTo(half / start, within(1e-5));
    }

    @Test
    void badValuesAreNamed() {
        assertThatThrownBy(() -> new NoiseSchedule(BetaSchedule.LINEAR, 0, 0.1, 1000, false))
                .hasMessage("betaStart must be in (0, 1), got 0.0");
        assertThatThrownBy(() -> new NoiseSchedule(BetaSchedule.LINEAR, 0.1, Double.NaN, 1000, false))
                .hasMessage("betaEnd must be in (0, 1), got NaN");
        assertThatThrownBy(() -> new NoiseSchedule(BetaSchedule.LINEAR, 0.1, 0.2, 1, false))
                .hasMessage("trainTimesteps must be in [2, 1e6], got 1");
    }
}
