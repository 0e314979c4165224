package dev.rlcm.mdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class KarrasScheduleTest {
    private static final KarrasSchedule KARRAS = KarrasSchedule.defaults();

    @Property
    void levelsDecreaseFromSigmaMaxAndOnlyTheLastStepIsDeterministic(@ForAll @IntRange(min = 1, max = 60) int n) {
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

    @Test
    void levelsAreKarrasSpaced() {
        double[] levels = KARRAS.levels(2);
        double middle = (Math.pow(80, 1 / 7.0) + Math.pow(0.002, 1 / 7.0)) / 2;
        assertThat(levels[1]).isCloseTo(Math.pow(middle, 7), within(1e-12));
    }

    @Test
    void badLevelsAreNamed() {
        assertThatThrownBy(() -> KARRAS.at(80, 10, 20)).hasMessage("level 2 must be in [0.002, 10.0), got 20.0");
        assertThatThrownBy(() -> KARRAS.at(80, 0.001)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> KARRAS.at(80, 10, 10)).hasMessage("level 2 must be in [0.002, 10.0), got 10.0");
        assertThatThrownBy(KARRAS::at).hasMessage("the first level must be sigmaMax, 80.0, got []");
        assertThatThrownBy(() -> KARRAS.steps(0)).hasMessage("evaluations must be in [1, 1000], got 0");
        assertThatThrownBy(() -> KARRAS.at(79)).hasMessage("the first level must be sigmaMax, 80.0, got [79.0]");
        assertThatThrownBy(() -> new KarrasSchedule(0.5, 1, 1, 7)).hasMessage("sigmaMax must be above 1.0, got 1.0");
    }
}
