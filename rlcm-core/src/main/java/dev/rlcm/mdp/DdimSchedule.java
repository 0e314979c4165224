package dev.rlcm.mdp;

import dev.rlcm.check.Check;
import dev.rlcm.mdp.PredictionType.Affine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * DDIM schedules with noise (Song et al., arXiv:2010.02502, eq. 12 and 16), the policy of the DDPO baseline
 * (arXiv:2305.13301).
 *
 * <p>mean = sqrt(abar') x0 + sqrt(1 - abar' - sigma^2) eps, sigma = eta sqrt((1 - abar') / (1 - abar) (1 - abar /
 * abar')); t' = max(t - T / N, 0) as in DDPO's code. "Leading" timesteps. Immutable, thread-safe.
 *
 * @param noise the forward process
 * @param prediction what the network estimates
 * @param eta in [0, 1]: 0 is deterministic, 1 is DDPO's setting
 * @param stepsOffset what is added to every timestep
 */
public record DdimSchedule(NoiseSchedule noise, PredictionType prediction, double eta, int stepsOffset)
        implements ScheduleRule {
    public DdimSchedule {
        Check.that(eta >= 0 && eta <= 1, "eta", "in [0, 1]", eta);
        Check.that(stepsOffset >= 0 && stepsOffset < noise.trainTimesteps(), "stepsOffset", "a timestep", stepsOffset);
        Check.that(
                !(noise.zeroTerminalSnr() && prediction == PredictionType.EPSILON),
                "prediction",
                "SAMPLE or V_PREDICTION with zero terminal SNR, where epsilon says nothing about the sample",
                prediction);
    }

    /** The schedule of DDPO on Stable Diffusion 1.5: eta 1, steps offset 1. */
    public static DdimSchedule defaults() {
        return new DdimSchedule(NoiseSchedule.defaults(), PredictionType.EPSILON, 1, 1);
    }

    /**
     * The schedule of a decoded {@code scheduler_config.json} of diffusers' DDIMScheduler or PNDMScheduler, with eta 1.
     *
     * @throws IllegalArgumentException if it asks for what is not affine (clipping, thresholding) or not known
     */
    public static DdimSchedule fromConfig(Map<String, ?> config) {
        SchedulerConfig decoded = new SchedulerConfig(config);
        decoded.refuseClipping("DDIMScheduler".equals(decoded.string("_class_name", "")));
        String spacing = decoded.string("timestep_spacing", "leading");
        Check.that(spacing.equals("leading"), "timestep_spacing", "leading", spacing);
        return new DdimSchedule(
                decoded.noise(), decoded.prediction(), defaults().eta(), decoded.integer("steps_offset", 0));
    }

    public DdimSchedule withEta(double newEta) {
        return new DdimSchedule(noise, prediction, newEta, stepsOffset);
    }

    public DdimSchedule withPrediction(PredictionType newPrediction) {
        return new DdimSchedule(noise, newPrediction, eta, stepsOffset);
    }

    public DdimSchedule withStepsOffset(int offset) {
        return new DdimSchedule(noise, prediction, eta, offset);
    }

    /** The timesteps of N evaluations, decreasing. */
    public int[] timesteps(int evaluations) {
        Check.between(1, noise.trainTimesteps(), "evaluations", evaluations);
        int spacing = noise.trainTimesteps() / evaluations;
        int[] timesteps = new int[evaluations];
        for (int k = 0; k < evaluations; k++) {
            timesteps[k] = (evaluations - 1 - k) * spacing + stepsOffset;
        }
        Check.that(timesteps[0] < noise.trainTimesteps(), "stepsOffset", "less for so many evaluations", stepsOffset);
        return timesteps;
    }

    /** The schedule of N evaluations; the state after the last step is the sample. */
    @Override
    public Schedule steps(int evaluations) {
        int spacing = noise.trainTimesteps() / evaluations;
        float[] abar = noise.alphasCumprod();
        List<GaussianStep> steps = new ArrayList<>();
        for (int timestep : timesteps(evaluations)) {
            steps.add(step(timestep, abar[timestep], abar[Math.max(timestep - spacing, 0)]));
        }
        return new Schedule(steps, 1);
    }

    /** The forward process at the timesteps of N evaluations, with the network's own estimate of x0. */
    @Override
    public List<ForwardStep> forwardSteps(int evaluations) {
        float[] abar = noise.alphasCumprod();
        return Arrays.stream(timesteps(evaluations))
                .mapToObj(t -> ForwardStep.at(t, abar[t], prediction.cleanSample(abar[t])))
                .toList();
    }

    private GaussianStep step(int timestep, double abar, double nextAbar) {
        double variance = eta * eta * (1 - nextAbar) / (1 - abar) * (1 - abar / nextAbar);
        return mean(prediction, abar, nextAbar, variance).step(timestep, Math.sqrt(variance));
    }

    /** sqrt(abar') x0 + sqrt(1 - abar' - variance) eps. */
    static Affine mean(PredictionType prediction, double abar, double nextAbar, double variance) {
        return prediction
                .cleanSample(abar)
                .times(Math.sqrt(nextAbar))
                .plus(prediction.noise(abar).times(Math.sqrt(Math.max(1 - nextAbar - variance, 0))));
    }
}
