package dev.rlcm.mdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import org.junit.jupiter.api.Test;

class ForwardStepTest {
    private static final GaussianStep IDENTITY = new GaussianStep(500, 0.5, 1, 2, 0);

    @Property
    void aNetworkThatIsRightFindsTheCleanLatent(
            @ForAll PredictionType prediction,
            @ForAll @FloatRange(min = -3, max = 3) float clean,
            @ForAll @FloatRange(min = -3, max = 3) float z) {
        for (ForwardStep forward :
                DdimSchedule.defaults().withPrediction(prediction).forwardSteps(5)) {
            float[] output = {
                switch (prediction) {
                    case EPSILON -> z;
                    case SAMPLE -> clean;
                    case V_PREDICTION -> (float) (forward.signal() * z - forward.noise() * clean);
                }
            };
            float[] noised = forward.noised(new float[] {clean}, new float[] {z});
            assertThat(forward.estimate().mean(noised, output)[0]).isCloseTo(clean, within(1e-4));
        }
    }

    @Test
    void theForwardProcessPreservesTheVarianceAtTheTimestepsOfTheSchedule() {
        DdimSchedule ddim = DdimSchedule.defaults();
        LatentConsistencySchedule lcm = LatentConsistencySchedule.defaults();
        assertForward(ddim.forwardSteps(5), ddim.timesteps(5));
        assertForward(lcm.forwardSteps(5), lcm.timesteps(5));
        assertThat(lcm.forwardSteps(5).get(4).estimate()).isEqualTo(lcm.steps(5).decode());
    }

    private static void assertForward(List<ForwardStep> forward, int[] timesteps) {
        float[] abar = NoiseSchedule.defaults().alphasCumprod();
        assertThat(forward).hasSameSizeAs(timesteps);
        for (int k = 0; k < timesteps.length; k++) {
            ForwardStep step = forward.get(k);
            assertThat(step.estimate().timestep()).isEqualTo(timesteps[k]);
            assertThat(step.signal() * step.signal()).isCloseTo(abar[timesteps[k]], within(1e-12));
            assertThat(step.signal() * step.signal() + step.noise() * step.noise())
                    .isCloseTo(1, within(1e-7)); // 1 - abar is rounded to float32
        }
    }

    /** 0.6 x 2 + 0.8 x -1 = 0.4; the estimate is 0.4 + 2 m, its deviation 0.8 / 0.6. */
    @Test
    void theLikelihoodIsHalfTheSquaredErrorInUnitsOfTheNoise() {
        ForwardStep forward = new ForwardStep(0.6, 0.8, IDENTITY);
        float[] noised = forward.noised(new float[] {2}, new float[] {-1});
        assertThat(noised).containsExactly(0.4f);
        GaussianStep likelihood = forward.likelihood();
        assertThat(likelihood).isEqualTo(new GaussianStep(500, 0.5, 1, 2, 0.8 / 0.6));
        float[] output = {0.3f};
        double best = likelihood.logProb(noised, output, new float[] {1}, LogProbReduction.SUM);
        double actual = likelihood.logProb(noised, output, new float[] {2}, LogProbReduction.SUM);
        assertThat(best - actual).isCloseTo(0.5 * Math.pow(0.6 / 0.8, 2), within(1e-6));
    }

    @Test
    void whatIsNoForwardProcessIsRefused() {
        assertThatThrownBy(() -> new ForwardStep(0, 1, IDENTITY))
                .hasMessage("signal must be positive and finite, got 0.0");
        assertThatThrownBy(() -> new ForwardStep(1, 0, IDENTITY))
                .hasMessage("noise must be positive and finite, got 0.0");
        assertThatThrownBy(() -> new ForwardStep(1, 1, new GaussianStep(1, 1, 1, 1, 1)))
                .hasMessageContaining("estimate must be deterministic");
        assertThatThrownBy(() -> new ForwardStep(1, 1, IDENTITY).noised(new float[2], new float[3]))
                .hasMessage("noise must be as long as the latent, 2, got 3");
    }
}
