package dev.rlcm.mdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.mdp.TrigFlowSchedule.Network;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TrigFlowScheduleTest {
    private static final TrigFlowSchedule TRIG = TrigFlowSchedule.defaults();

    @Test
    void twoStepsTakeTheIntermediateTimestep() {
        assertThat(TRIG.timesteps(1)).containsExactly(1.5708);
        assertThat(TRIG.timesteps(2)).containsExactly(1.5708, 1.3);
        assertThat(TRIG.timesteps(4)).containsExactly(new double[] {1.5708, 1.1781, 0.7854, 0.3927}, within(1e-12));
    }

    /** A network that knows x0 and z, in either parametrisation: the next state has the shares of both that the schedule says. */
    @Property(tries = 100)
    void anExactNetworkLeadsToTheSample(
            @ForAll Network network,
            @ForAll @IntRange(min = 1, max = 8) int n,
            @ForAll @DoubleRange(min = -2, max = 2) double x0,
            @ForAll @DoubleRange(min = -2, max = 2) double z) {
        double sd = TRIG.sigmaData();
        Schedule schedule = TRIG.withNetwork(network).steps(n);
        double[] timesteps = TRIG.timesteps(n);
        for (int k = 0; k < n; k++) {
            GaussianStep step = schedule.steps().get(k);
            double t = timesteps[k];
            double x = Math.cos(t) * x0 + Math.sin(t) * z;
            double model = network == Network.FLOW ? (z - x0) / sd : (Math.cos(t) * z - Math.sin(t) * x0) / sd;
            double mean = step.sampleCoefficient() * x + step.modelCoefficient() * model;
            boolean last = k == n - 1;
            assertThat(mean).isCloseTo(last ? x0 / sd : Math.cos(timesteps[k + 1]) * x0, within(1e-9));
            assertThat(step.sigma()).isCloseTo(last ? 0 : Math.sin(timesteps[k + 1]) * sd, within(1e-12));
        }
    }

    /** By hand at t = pi / 4: u = 1/2, n = 1 / sqrt 2, so c = sqrt 2, a = 1 / sqrt 2 to f, b = -1 / sqrt 2 sd 1/2 sqrt 2. */
    @Test
    void aStepOfSanaSprint() {
        double t = Math.PI / 4;
        GaussianStep step = Network.FLOW.step(t, 0.5, Math.cos(t), Math.sin(t), 1, 0);
        assertThat(step.timestep()).isCloseTo(0.5, within(1e-12));
        assertThat(step.inputScale()).isCloseTo(Math.sqrt(2), within(1e-12));
        assertThat(step.sampleCoefficient()).isCloseTo(Math.sqrt(0.5), within(1e-12));
        assertThat(step.modelCoefficient()).isCloseTo(-0.25, within(1e-12));
    }

    @Test
    void theStateHasTheScaleOfTheData() {
        Schedule schedule =
                TrigFlowSchedule.fromConfig(Map.of("sigma_data", 0.25)).steps(2);
        assertThat(schedule.initialScale()).isEqualTo(0.25);
        assertThat(schedule.actions()).isEqualTo(1);
        assertThat(List.of(schedule.steps().get(1), schedule.decode())).allMatch(step -> !step.isStochastic());
    }

    /** An exact network estimates from any noised sample, in the scale that is decoded, the sample. */
    @Property(tries = 50)
    void theForwardProcessLeadsBackToTheSample(
            @ForAll Network network,
            @ForAll @IntRange(min = 1, max = 8) int n,
            @ForAll @DoubleRange(min = -2, max = 2) double sample,
            @ForAll @DoubleRange(min = -2, max = 2) double z) {
        double[] timesteps = TRIG.timesteps(n);
        List<ForwardStep> steps = TRIG.withNetwork(network).forwardSteps(n);
        assertThat(steps).hasSize(n - 1); // 1.5708 is beyond pi / 2
        for (int k = 1; k < n; k++) {
            ForwardStep step = steps.get(k - 1);
            double t = timesteps[k];
            double x = step.signal() * sample + step.noise() * z;
            double model = network == Network.FLOW ? z - sample : Math.cos(t) * z - Math.sin(t) * sample;
            double estimate =
                    step.estimate().sampleCoefficient() * x + step.estimate().modelCoefficient() * model;
            assertThat(estimate).isCloseTo(sample, within(1e-9));
        }
    }

    @Test
    void otherPredictionsAreRefused() {
        assertThatThrownBy(() -> TrigFlowSchedule.fromConfig(Map.of("prediction_type", "epsilon")))
                .hasMessage("prediction_type must be trigflow, got epsilon");
    }
}
