package dev.rlcm.mdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DistillationStepTest {
    private static final LatentConsistencySchedule LCM = LatentConsistencySchedule.defaults();

    @Test
    void stepsGoFromTheTimestepsOfTheSolverBackByTheSkippingStep() {
        List<DistillationStep> steps = LCM.distillationSteps();
        assertThat(steps).hasSize(50);
        assertThat(steps.get(0).solver().timestep()).isEqualTo(19);
        assertThat(steps.get(0).target().timestep()).isZero();
        assertThat(steps.get(1).solver().timestep()).isEqualTo(39);
        assertThat(steps.get(1).target().timestep()).isEqualTo(19);
        assertThat(steps.get(49).solver().timestep()).isEqualTo(999);
        assertThat(LCM.withOriginalInferenceSteps(100)
                        .distillationSteps()
                        .get(1)
                        .target()
                        .timestep())
                .isEqualTo(9);
    }

    /** f(x, 0) = x, whatever the network says. */
    @ParameterizedTest
    @EnumSource(PredictionType.class)
    void atTheBoundaryTheConsistencyFunctionIsTheIdentity(PredictionType prediction) {
        GaussianStep boundary =
                LCM.withPrediction(prediction).distillationSteps().get(0).target();
        float[] x = {0.25f, -3};
        assertThat(boundary.next(x, new float[] {1000, -1000}, new float[2])).containsExactly(x);
    }

    /** A step ends where the next one of less noise begins, and they agree on f there. */
    @Property
    void theTargetOfAStepIsTheEstimateOfTheOneBefore(@ForAll @IntRange(min = 1, max = 49) int step) {
        List<DistillationStep> steps = LCM.distillationSteps();
        assertThat(steps.get(step).target())
                .isEqualTo(steps.get(step - 1).from().estimate());
    }

    /**
     * Of data N(0, 1) the best network is known: x_t is N(0, 1) at all t, with x_t = cos(u) x0 + sin(u) eps. Given x_t = x, the mean of
     * x0 is cos(u) x and that of eps sin(u) x. So the DDIM step from u to v gives cos(v) cos(u) x + sin(v) sin(u) x.
     */
    @ParameterizedTest
    @EnumSource(PredictionType.class)
    void ofNormalDataADdimStepShrinksByTheCosineOfTheAngle(PredictionType prediction) {
        float[] abar = LCM.noise().alphasCumprod();
        for (DistillationStep step : LCM.withPrediction(prediction).distillationSteps()) {
            double u = angle(abar[(int) step.solver().timestep()]);
            double v = angle(abar[(int) step.target().timestep()]);
            double model =
                    switch (prediction) {
                        case EPSILON -> Math.sin(u);
                        case SAMPLE -> Math.cos(u);
                        case V_PREDICTION -> 0; // cos(u) sin(u) x - sin(u) cos(u) x
                    };
            double result = step.solver().mean(new float[] {2}, new float[] {(float) (2 * model)})[0];
            assertThat(result).isCloseTo(2 * Math.cos(u - v), within(2e-5));
        }
    }

    private static double angle(double abar) {
        return Math.acos(Math.sqrt(abar));
    }
}
