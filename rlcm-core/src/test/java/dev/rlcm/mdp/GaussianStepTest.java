package dev.rlcm.mdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.Size;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;

class GaussianStepTest {
    @Property
    void meanIsAffineInTheModelOutput(
            @ForAll @DoubleRange(min = -5, max = 5) double a,
            @ForAll @DoubleRange(min = -5, max = 5) double b,
            @ForAll @FloatRange(min = -9, max = 9) float x,
            @ForAll @FloatRange(min = -9, max = 9) float m) {
        GaussianStep step = new GaussianStep(7, 1, a, b, 1);
        assertThat(step.mean(new float[] {x, x, 0}, new float[] {m, 0, m}))
                .containsExactly(new double[] {a * x + b * m, a * x, b * m}, within(1e-12));
    }

    @Property
    void logProbIsTheNormalDensity(
            @ForAll @DoubleRange(min = 0.01, max = 3) double sigma,
            @ForAll @Size(4) List<@FloatRange(min = -3, max = 3) Float> values) {
        GaussianStep step = new GaussianStep(7, 1, 0.5, 2, sigma);
        float[] x = {values.get(0), values.get(1)};
        float[] next = {values.get(2), values.get(3)};
        float[] m = {1, -1};
        double[] mean = step.mean(x, m);
        double expected = new NormalDistribution(mean[0], sigma).logDensity(next[0])
                + new NormalDistribution(mean[1], sigma).logDensity(next[1]);
        assertThat(step.logProb(x, m, next, LogProbReduction.SUM))
                .isCloseTo(expected, within(1e-9 * Math.max(1, Math.abs(expected))));
        assertThat(step.logProb(x, m, next, LogProbReduction.MEAN))
                .isCloseTo(expected / 2, within(1e-9 * Math.max(1, Math.abs(expected))));
    }

    @Property
    void withoutNoiseTheNextStateIsTheMean(@ForAll @FloatRange(min = -9, max = 9) float x) {
        GaussianStep step = new GaussianStep(7, 1, 2, 1, 0.3);
        assertThat(step.next(new float[] {x}, new float[] {1}, new float[] {0})).containsExactly((float) (2.0 * x + 1));
    }

    @Property
    void aBoundClipsTheMeanAndNotTheNoise(@ForAll @FloatRange(min = -9, max = 9) float x) {
        GaussianStep step = new GaussianStep(7, 1, 2, 1, 0.3, 1.5);
        double clipped = Math.max(-1.5, Math.min(1.5, 2.0 * x + 1));
        assertThat(step.mean(new float[] {x}, new float[] {1})).containsExactly(clipped);
        assertThat(step.next(new float[] {x}, new float[] {1}, new float[] {3}))
                .containsExactly((float) (clipped + 0.9));
    }

    @Test
    void aDeterministicStepHasNoDensity() {
        float[] one = {1};
        assertThatThrownBy(() -> new GaussianStep(7, 1, 1, 1, 0).logProb(one, one, one, LogProbReduction.MEAN))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("timestep 7.0 is deterministic");
    }

    @Test
    void badValuesAreNamed() {
        assertThatThrownBy(() -> new GaussianStep(7, 1, 1, 1, -0.1))
                .hasMessage("sigma must be finite and not negative, got -0.1");
        assertThatThrownBy(() -> new GaussianStep(7, 0, 1, 1, 1))
                .hasMessage("inputScale must be positive and finite, got 0.0");
        assertThatThrownBy(() -> new GaussianStep(7, 1, 1, 1, 1).mean(new float[2], new float[3]))
                .hasMessage("modelOutput must be as long as the sample, 2, got 3");
        assertThatThrownBy(() -> new GaussianStep(7, 1, 1, 1, 1).next(new float[2], new float[2], new float[3]))
                .hasMessage("noise must be as long as the sample, 2, got 3");
        assertThatThrownBy(() -> new GaussianStep(7, 1, 1, 1, 1)
                        .logProb(new float[2], new float[2], new float[3], LogProbReduction.MEAN))
                .hasMessage("next must be as long as the sample, 2, got 3");
    }

    @Test
    void aScheduleDecodesItsLastEvaluation() {
        GaussianStep noisy = new GaussianStep(7, 1, 1, 1, 0.5);
        GaussianStep clean = new GaussianStep(7, 1, 2, 1, 0);
        assertThat(new Schedule(List.of(noisy), 1).decode()).isEqualTo(noisy);
        assertThat(new Schedule(List.of(noisy), clean, 1).actions()).isOne();
        GaussianStep elsewhere = new GaussianStep(8, 1, 2, 1, 0);
        assertThatThrownBy(() -> new Schedule(List.of(noisy), elsewhere, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("decode must be the last step");
        assertThatThrownBy(() -> new Schedule(List.of(), clean, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aScheduleWithoutStepsIsRefused() {
        assertThatThrownBy(() -> new Schedule(List.of(), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("steps must be at least one, got []");
    }
}
