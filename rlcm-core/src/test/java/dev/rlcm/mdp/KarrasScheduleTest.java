package dev.rlcm.mdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class KarrasScheduleTest {
    private static final KarrasSchedule KARRAS = KarrasSchedule.defaults();

    @Property
    void levelsDecreaseFromSigmaMaxAndOnlyTheLastStepIsDeterministic(@ForAll @IntRange(min = 1, max = 39) int n) {
        double[] levels = KARRAS.levels(n);
        assertThat(levels[0]).isEqualTo(80);
        assertThat(levels[n - 1]).isGreaterThan(0.002);
        Schedule schedule = KARRAS.steps(n);
        assertThat(schedule.initialScale()).isEqualTo(80);
        assertThat(schedule.evaluations()).isEqualTo(n);
        assertThat(schedule.actions()).isEqualTo(n - 1);
        assertThat(schedule.steps().get(n - 1).sigma()).isZero();
    }

    @Test
    void allLevelsEndAtSigmaMinWhichNeedsNoNoise() {
        Schedule schedule = KARRAS.steps(40);
        assertThat(KARRAS.levels(40)[39]).isEqualTo(0.002);
        assertThat(schedule.actions()).isEqualTo(38);
        assertThat(schedule.steps().get(39).sampleCoefficient()).isEqualTo(1);
    }

    @Test
    void atSigmaMinTheConsistencyFunctionIsTheIdentity() {
        GaussianStep last = KARRAS.at(80, 0.002).steps().get(1);
        assertThat(last.sampleCoefficient()).isEqualTo(1);
        assertThat(last.modelCoefficient()).isZero();
        assertThat(last.timestep()).isCloseTo(-1553.6520246, within(1e-6)); // 250 ln 0.002
    }

    @Property
    void coefficientsAreThoseOfThePaper(@ForAll @DoubleRange(min = 0.01, max = 79) double tau) {
        Schedule schedule = KARRAS.at(80, tau);
        assertThat(schedule.steps().get(0).sigma()).isCloseTo(Math.sqrt(tau * tau - 4e-6), within(1e-12));
        GaussianStep step = schedule.steps().get(1);
        double t = tau - 0.002;
        assertThat(step.sampleCoefficient()).isCloseTo(0.25 / (t * t + 0.25), within(1e-12));
        assertThat(step.modelCoefficient()).isCloseTo(0.5 * t / Math.sqrt(0.25 + tau * tau), within(1e-12));
        assertThat(step.inputScale()).isCloseTo(1 / Math.sqrt(tau * tau + 0.25), within(1e-12));
        assertThat(step.timestep()).isCloseTo(1000.0 / 4 * Math.log(tau), within(1e-9));
    }

    /** Level i has the seventh root ((39 - i) T^(1/7) + i eps^(1/7)) / 39. Published models take 0 and 22. */
    @Test
    void levelsAreThoseOfDiffusers() {
        double from = Math.pow(80, 1 / 7.0);
        double to = Math.pow(0.002, 1 / 7.0);
        assertThat(KARRAS.levels(2)[1]).isCloseTo(Math.pow((19 * from + 20 * to) / 39, 7), within(1e-12));
        assertThat(KARRAS.withLevels(22, 0).levels(2))
                .containsExactly(new double[] {80, Math.pow((17 * from + 22 * to) / 39, 7)}, within(1e-12));
        assertThat(KARRAS.levels(3)[2]).isCloseTo(Math.pow((13 * from + 26 * to) / 39, 7), within(1e-12));
        assertThatThrownBy(() -> KARRAS.withLevels(22, 0).steps(3))
                .hasMessage("evaluations must be as many as there are chosen levels, 2, got 3");
        assertThatThrownBy(() -> KARRAS.withLevels(22))
                .hasMessage("the first of the chosen levels must be 0, got [22]");
        assertThatThrownBy(() -> KARRAS.withLevels(0, 40)).hasMessage("chosen level 1 must be in (0, 40), got 40");
        assertThatThrownBy(() -> KARRAS.withLevels(0, 7, 7)).hasMessage("chosen level 2 must be in (7, 40), got 7");
    }

    @Test
    void aConfigurationIsReadAsDiffusersDoes() {
        assertThat(KarrasSchedule.fromConfig(Map.of())).isEqualTo(KARRAS);
        Map<String, Object> config = Map.of(
                "sigma_min",
                0.01,
                "sigma_max",
                10,
                "sigma_data",
                1,
                "rho",
                5,
                "num_train_timesteps",
                18,
                "clip_denoised",
                false);
        assertThat(KarrasSchedule.fromConfig(config))
                .isEqualTo(new KarrasSchedule(1, 0.01, 10, 5, 18, false, List.of()));
        assertThatThrownBy(() -> KarrasSchedule.fromConfig(Map.of("s_noise", 1.1)))
                .hasMessage("s_noise must be 1, got 1.1");
    }

    /** By hand at tau = 0.502, where tau - eps = sd: c_skip = 1/2, c_out = 1/4 / sqrt(1/4 + 0.502^2). */
    @Test
    void theEstimateIsClippedAndThenNoised() {
        Schedule schedule = KARRAS.at(80, 0.502, 0.1);
        GaussianStep step = schedule.steps().get(1);
        double out = 0.25 / Math.sqrt(0.25 + 0.502 * 0.502);
        float[] x = {0.4f, 3, -3};
        float[] network = {1, 0, 0};
        assertThat(step.mean(x, network)).containsExactly(new double[] {0.5 * 0.4f + out, 1, -1}, within(1e-12));
        assertThat(step.sigma()).isCloseTo(Math.sqrt(0.01 - 4e-6), within(1e-12));
        assertThat(step.next(x, network, new float[] {1, 1, 1})[1]).isCloseTo(1 + (float) step.sigma(), within(1e-6f));
        float[] atMean = {(float) (0.5 * 0.4f + out), 1, -1};
        double peak = -Math.log(step.sigma()) - 0.5 * Math.log(2 * Math.PI);
        assertThat(step.logProb(x, network, atMean, LogProbReduction.MEAN)).isCloseTo(peak, within(1e-9));
        double[] free = KARRAS.withClipping(false).at(80, 0.502).steps().get(1).mean(x, network);
        assertThat(free[1]).isCloseTo(1.5, within(1e-12));
    }

    /** Where the data is one point and the network knows it, every state has the variance of its level, less eps^2. */
    @Property(tries = 50)
    void theForwardProcessMeetsTheSampler(@ForAll @IntRange(min = 2, max = 20) int n) {
        List<ForwardStep> forward = KARRAS.forwardSteps(n);
        Schedule schedule = KARRAS.steps(n);
        for (int k = 0; k < n; k++) {
            assertThat(forward.get(k).signal()).isEqualTo(1);
            assertThat(forward.get(k).noise()).isEqualTo(KARRAS.levels(n)[k]);
            assertThat(forward.get(k).estimate())
                    .isEqualTo(schedule.steps().get(k).withSigma(0));
            assertThat(forward.get(k).likelihood().sigma()).isEqualTo(KARRAS.levels(n)[k]);
            if (k > 0) {
                double drawn = schedule.steps().get(k - 1).sigma();
                assertThat(drawn * drawn + 4e-6)
                        .isCloseTo(Math.pow(forward.get(k).noise(), 2), within(1e-9));
            }
        }
    }

    @Test
    void badLevelsAreNamed() {
        assertThatThrownBy(() -> KARRAS.at(80, 10, 20)).hasMessage("level 2 must be in [0.002, 10.0), got 20.0");
        assertThatThrownBy(() -> KARRAS.at(80, 0.001, 0.0005))
                .hasMessage("level 1 must be in [0.002, 80.0), got 0.001");
        assertThatThrownBy(() -> KARRAS.at(80, 0.001)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> KARRAS.at(80, 10, 10)).hasMessage("level 2 must be in [0.002, 10.0), got 10.0");
        assertThatThrownBy(KARRAS::at).hasMessage("the first level must be sigmaMax, 80.0, got []");
        assertThatThrownBy(() -> KARRAS.steps(0)).hasMessage("evaluations must be in [1, 40], got 0");
        assertThatThrownBy(() -> KARRAS.at(79)).hasMessage("the first level must be sigmaMax, 80.0, got [79.0]");
        assertThatThrownBy(() -> new KarrasSchedule(0.5, 1, 1, 7, 40, true, List.of()))
                .hasMessage("sigmaMax must be above 1.0, got 1.0");
    }
}
