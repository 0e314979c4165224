package dev.rlcm.mdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class FlowMatchScheduleTest {
    private static final FlowMatchSchedule FLOW = FlowMatchSchedule.defaults();
    private static final FlowMatchSchedule PLAIN = FLOW.withShift(1).withLevels(FlowLevels.UNIFORM);

    @Test
    void fourLevelsOfStableDiffusion3() {
        // lowest = 3 0.001 / 1.002; levels evenly from 1 to it, each shifted by 3
        double lowest = 0.003 / 1.002;
        double third = 1 - (1 - lowest) / 3;
        assertThat(FLOW.levels(4))
                .containsExactly(
                        new double[] {
                            1,
                            3 * third / (1 + 2 * third),
                            3 * (third - (1 - lowest) / 3) / (1 + 2 * (third - (1 - lowest) / 3)),
                            3 * lowest / (1 + 2 * lowest)
                        },
                        within(1e-12));
        assertThat(FLOW.steps(4).steps().get(0).timestep()).isEqualTo(1000);
    }

    @Test
    void fourLevelsOfFlux() {
        assertThat(PLAIN.levels(4)).containsExactly(1, 0.75, 0.5, 0.25);
    }

    @Test
    void aShiftByResolutionIsItsExponential() {
        Map<String, Object> config =
                Map.of("use_dynamic_shifting", true, "base_shift", 0.5, "max_shift", 1.15, "shift", 3.0);
        FlowMatchSchedule few = FlowMatchSchedule.fromConfig(config, FlowLevels.UNIFORM, 256);
        FlowMatchSchedule many = FlowMatchSchedule.fromConfig(config, FlowLevels.UNIFORM, 4096);
        assertThat(few.shift()).isCloseTo(Math.exp(0.5), within(1e-12));
        assertThat(many.shift()).isCloseTo(Math.exp(1.15), within(1e-12));
        // diffusers: exp(mu) / (exp(mu) + (1 / s - 1))
        assertThat(many.levels(2)[1]).isCloseTo(Math.exp(1.15) / (Math.exp(1.15) + 1), within(1e-12));
        Map<String, Object> linear = Map.of("use_dynamic_shifting", true, "time_shift_type", "linear");
        assertThat(FlowMatchSchedule.fromConfig(linear, FlowLevels.UNIFORM, 2176)
                        .shift())
                .isCloseTo(0.825, within(1e-12));
        // With such a shift training's lowest level is 1 / T.
        double lowest =
                FlowMatchSchedule.fromConfig(config, FlowLevels.TRAINED, 256).levels(2)[1];
        assertThat(lowest).isCloseTo(Math.exp(0.5) / (Math.exp(0.5) + 999), within(1e-12));
    }

    /** By hand for 4096 tokens and 4 evaluations: lines 1.14999 and 2.25624, so mu = 1.14999 - 1.10625 / 190 (4 - 200). */
    @Test
    void theShiftOfFlux2DependsOnTheNumberOfEvaluations() {
        Map<String, Object> config = Map.of("use_dynamic_shifting", true);
        FlowMatchSchedule flux = FlowMatchSchedule.fromConfig(config, FlowLevels.UNIFORM_EMPIRICAL, 4096);
        for (int n : new int[] {4, 50}) {
            double f = Math.exp(1.1499965866 - (2.2562457 - 1.1499965866) / 190 * (n - 200));
            double level = 1 - 1.0 / n;
            assertThat(flux.levels(n)[1]).isCloseTo(f * level / (1 + (f - 1) * level), within(1e-6));
        }
        FlowMatchSchedule large = FlowMatchSchedule.fromConfig(config, FlowLevels.UNIFORM_EMPIRICAL, 5000);
        assertThat(large.shift()).isCloseTo(Math.exp(0.00016927 * 5000 + 0.45666666), within(1e-9));
        assertThat(large.shiftGrowth()).isEqualTo(1);
    }

    @Test
    void aMultistepSolversLevelsStartBelowOne() {
        Map<String, Object> config = Map.of("use_flow_sigmas", true, "flow_shift", 3.0);
        FlowMatchSchedule sana = FlowMatchSchedule.fromConfig(config, FlowLevels.TRAINED, 1);
        assertThat(sana.levels(2)).containsExactly(new double[] {3 * 0.999 / 2.998, 1.4985 / 1.999}, within(1e-12));
    }

    private static double[] levels(Map<String, ?> config, int evaluations) {
        return FlowMatchSchedule.fromConfig(config, FlowLevels.UNIFORM, 1).levels(evaluations);
    }

    /** By hand: 1 - s is 0, 1/4, 1/2, 3/4; stretched by 0.6 / 0.75. */
    @Test
    void levelsAreStretchedToATerminal() {
        assertThat(levels(Map.of("shift_terminal", 0.4), 4))
                .containsExactly(new double[] {1, 0.8, 0.6, 0.4}, within(1e-12));
        // After the shift by 3: 1, 9/10, 3/4, 1/2.
        assertThat(levels(Map.of("shift", 3, "shift_terminal", 0.25), 4))
                .containsExactly(new double[] {1, 0.85, 0.625, 0.25}, within(1e-12));
        assertThat(levels(Map.of("shift_terminal", 0.4), 1)).containsExactly(1);
    }

    /** By hand: from 1 to 1/4 in three levels. */
    @Test
    void levelsAreSpaced() {
        Map<String, Object> stretched = Map.of("shift_terminal", 0.25);
        FlowMatchSchedule flow = FlowMatchSchedule.fromConfig(stretched, FlowLevels.UNIFORM, 1);
        assertThat(flow.withSpacing(FlowSpacing.EXPONENTIAL).levels(3))
                .containsExactly(new double[] {1, 0.5, 0.25}, within(1e-12));
        double root = (1 + Math.pow(0.25, 1 / 7.0)) / 2;
        assertThat(flow.withSpacing(FlowSpacing.KARRAS).levels(3))
                .containsExactly(new double[] {1, Math.pow(root, 7), 0.25}, within(1e-12));
        // The quartiles of Beta(0.6, 0.6), by integrating its density: 0.17568037865, 1/2 and 1 less the first.
        double first = 0.17568037865;
        assertThat(flow.withSpacing(FlowSpacing.BETA).levels(5))
                .containsExactly(
                        new double[] {1, 0.25 + 0.75 * (1 - first), 0.625, 0.25 + 0.75 * first, 0.25}, within(1e-9));
        assertThat(levels(Map.of("use_beta_sigmas", true), 3)[1]).isCloseTo((1 + 1 / 3.0) / 2, within(1e-12));
        assertThat(FlowMatchSchedule.fromConfig(Map.of("use_karras_sigmas", true), FlowLevels.UNIFORM, 1)
                        .spacing())
                .isEqualTo(FlowSpacing.KARRAS);
        assertThat(FlowMatchSchedule.fromConfig(Map.of("use_exponential_sigmas", true), FlowLevels.UNIFORM, 1)
                        .spacing())
                .isEqualTo(FlowSpacing.EXPONENTIAL);
    }

    @Property(tries = 100)
    void everySpacingDecreasesBetweenTheSameEnds(
            @ForAll FlowSpacing spacing,
            @ForAll @IntRange(min = 1, max = 40) int n,
            @ForAll @DoubleRange(min = 0.2, max = 8) double f,
            @ForAll @DoubleRange(min = 0, max = 0.9) double terminal) {
        FlowMatchSchedule flow = FLOW.withShift(f).withTerminal(terminal);
        double[] plain = flow.levels(n);
        double[] spaced = flow.withSpacing(spacing).levels(n);
        assertThat(spaced[0]).isEqualTo(1);
        assertThat(spaced[n - 1]).isEqualTo(plain[n - 1]);
        assertThat(flow.withSpacing(spacing).steps(n).steps()).hasSize(n); // which refuses levels that do not decrease
    }

    @Test
    void whatIsNotKnownIsRefused() {
        assertThatThrownBy(() -> FlowMatchSchedule.fromConfig(Map.of("invert_sigmas", true), FlowLevels.UNIFORM, 1))
                .hasMessage("invert_sigmas must be false, got true");
        Map<String, Object> multistep = Map.of("use_flow_sigmas", true, "use_karras_sigmas", true);
        assertThatThrownBy(() -> FlowMatchSchedule.fromConfig(multistep, FlowLevels.UNIFORM, 1))
                .hasMessage("use_karras_sigmas must be false, got true");
        Map<String, Object> both = Map.of("use_beta_sigmas", true, "use_exponential_sigmas", true);
        assertThatThrownBy(() -> FlowMatchSchedule.fromConfig(both, FlowLevels.UNIFORM, 1))
                .hasMessageContainingAll("use_*_sigmas must be at most one", "use_beta_sigmas");
        assertThatThrownBy(() -> FlowMatchSchedule.fromConfig(Map.of("shift_terminal", 1), FlowLevels.UNIFORM, 1))
                .hasMessage("terminal must be in [0, 1), got 1.0");
        assertThatThrownBy(() -> PLAIN.at(1, 0.5, 0.5)).hasMessage("level 2 must be in (0, 0.5), got 0.5");
        assertThatThrownBy(() -> FLOW.withNoise(FlowNoise.COEFFICIENTS_PRESERVING, 1.5))
                .hasMessage("noiseLevel must be in [0, 1], got 1.5");
    }

    /** By hand: s = 1/2, s' = 1/4, a = 1: w^2 = 1, w^2 / (2 s) = 1. */
    @Test
    void aStepOfFlowGrpo() {
        GaussianStep step = PLAIN.withNoiseLevel(1).steps(4).steps().get(2);
        assertThat(step.sampleCoefficient()).isCloseTo(1 - 0.25, within(1e-12));
        assertThat(step.modelCoefficient()).isCloseTo(-(1 + 0.5) * 0.25, within(1e-12));
        assertThat(step.sigma()).isCloseTo(0.5, within(1e-12));
        GaussianStep first = PLAIN.withNoiseLevel(1).steps(4).steps().get(0); // w^2 = 1 / (1 - 3/4) = 4
        assertThat(first.sampleCoefficient()).isCloseTo(1 - 2 * 0.25, within(1e-12));
        assertThat(first.modelCoefficient()).isCloseTo(-0.25, within(1e-12));
        assertThat(first.sigma()).isCloseTo(1, within(1e-12));
    }

    /** By hand: s = 1/2, s' = 1/4, a = 1/3: sigma = 1/4 sin 30 degrees. */
    @Test
    void aCoefficientsPreservingStep() {
        GaussianStep step = PLAIN.withNoise(FlowNoise.COEFFICIENTS_PRESERVING, 1 / 3.0)
                .steps(4)
                .steps()
                .get(2);
        double kept = Math.sqrt(0.25 * 0.25 - 0.125 * 0.125);
        assertThat(step.sigma()).isCloseTo(0.125, within(1e-12));
        assertThat(step.sampleCoefficient()).isCloseTo(0.75 + kept, within(1e-12));
        assertThat(step.modelCoefficient()).isCloseTo(-0.75 * 0.5 + kept * 0.5, within(1e-12));
    }

    @Property(tries = 100)
    void withoutNoiseAStepIsEulers(
            @ForAll FlowNoise noise,
            @ForAll @IntRange(min = 1, max = 40) int n,
            @ForAll @DoubleRange(min = 0.2, max = 8) double f) {
        FlowMatchSchedule flow = FLOW.withShift(f).withNoise(noise, 0);
        double[] levels = flow.levels(n);
        List<GaussianStep> steps = flow.steps(n).steps();
        for (int k = 0; k < n; k++) {
            double next = k + 1 < n ? levels[k + 1] : 0;
            assertThat(steps.get(k).sampleCoefficient()).isCloseTo(1, within(1e-12));
            assertThat(steps.get(k).modelCoefficient()).isCloseTo(next - levels[k], within(1e-12));
            assertThat(steps.get(k).sigma()).isZero();
            assertThat(steps.get(k).timestep()).isEqualTo(1000 * levels[k]);
        }
    }

    @Test
    void onlyStepsOfTheWindowAreActionsAndNeverTheLast() {
        assertThat(FLOW.steps(6).actions()).isEqualTo(5);
        Schedule windowed = FLOW.withWindow(new StepWindow(2, 2)).steps(6);
        assertThat(IntStream.range(0, 6).filter(k -> windowed.steps().get(k).isStochastic()))
                .containsExactly(2, 3);
        assertThat(windowed.firstAction()).isEqualTo(2);
        assertThat(FLOW.withWindow(new StepWindow(5, 3)).steps(6).actions()).isZero();
        assertThat(FLOW.withNoiseLevel(0).steps(6).firstAction()).isZero();
    }

    /**
     * Of data N(0, c^2) the best velocity is linear, kappa x. Euler and Maruyama's variance then follows a recursion, and comes to
     * that of the flow with an error of first order.
     */
    @Property(tries = 30)
    void theMarginalsOfTheSdeAreThoseOfTheFlow(
            @ForAll @DoubleRange(min = 0.2, max = 2) double c, @ForAll @DoubleRange(min = 0.1, max = 1) double a) {
        assertThat(relativeError(100, c, a)).isCloseTo(0, within(0.1));
        assertThat(relativeError(1000, c, a)).isCloseTo(0, within(0.01));
    }

    private static double relativeError(int n, double c, double a) {
        FlowMatchSchedule flow = PLAIN.withNoiseLevel(a);
        double[] levels = flow.levels(n);
        List<GaussianStep> steps = flow.steps(n).steps();
        double variance = 1;
        for (int k = 0; k < 0.8 * n; k++) {
            variance = after(steps.get(k), variance, levels[k], c);
        }
        return variance / variance(levels[(int) (0.8 * n)], c) - 1;
    }

    private static double after(GaussianStep step, double variance, double level, double c) {
        double factor = step.sampleCoefficient() + step.modelCoefficient() * kappa(level, c);
        return factor * factor * variance + step.sigma() * step.sigma();
    }

    /** Of x_s. */
    private static double variance(double s, double c) {
        return (1 - s) * (1 - s) * c * c + s * s;
    }

    private static double kappa(double s, double c) {
        return (s - (1 - s) * c * c) / variance(s, c);
    }

    /** Where the data is one point, the estimate of x0 is right, and the share of noise is kept whatever the steps are. */
    @Property(tries = 50)
    void coefficientsPreservingSamplingKeepsTheNoiseOfTheSchedule(
            @ForAll @IntRange(min = 2, max = 12) int n, @ForAll @DoubleRange(min = 0, max = 1) double a) {
        FlowMatchSchedule flow = FLOW.withNoise(FlowNoise.COEFFICIENTS_PRESERVING, a);
        double[] levels = flow.levels(n);
        double variance = 1;
        for (int k = 0; k + 1 < n; k++) {
            variance = after(flow.steps(n).steps().get(k), variance, levels[k], 0);
            assertThat(variance).isCloseTo(levels[k + 1] * levels[k + 1], within(1e-12));
        }
    }

    @Test
    void sampledStatesHaveTheVarianceOfTheRecursion() {
        int samples = 20_000;
        double c = 0.7;
        Schedule schedule = PLAIN.withNoiseLevel(0.7).steps(5);
        double[] levels = PLAIN.levels(5);
        SplittableRandom random = new SplittableRandom(1);
        float[] x = gaussians(random, samples);
        double expected = 1;
        for (int k = 0; k < 5; k++) {
            GaussianStep step = schedule.steps().get(k);
            float[] velocity = new float[samples];
            for (int i = 0; i < samples; i++) {
                velocity[i] = (float) (kappa(levels[k], c) * x[i]);
            }
            x = step.next(x, velocity, gaussians(random, samples));
            expected = after(step, expected, levels[k], c);
            double measured = 0;
            for (float value : x) {
                measured += value * value / samples;
            }
            assertThat(measured / expected).isCloseTo(1, within(5 * Math.sqrt(2.0 / samples)));
        }
    }

    private static float[] gaussians(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @Test
    void theForwardProcessLeavesOutPureNoise() {
        List<ForwardStep> steps = PLAIN.forwardSteps(4);
        assertThat(steps).hasSize(3);
        assertThat(steps.get(0).signal()).isEqualTo(0.25);
        assertThat(steps.get(0).noise()).isEqualTo(0.75);
        assertThat(steps.get(0).estimate().modelCoefficient()).isEqualTo(-0.75);
    }
}
