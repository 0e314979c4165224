package dev.rlcm.mdp;

import dev.rlcm.check.Check;
import dev.rlcm.mdp.PredictionType.Affine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Schedules of latent consistency models (Luo et al., arXiv:2310.04378), the policy that RLCM trains.
 *
 * <p>f(x, t) = c_skip x + c_out x0, with s = timestepScaling t, c_skip = sd^2 / (s^2 + sd^2), c_out = s / sqrt(s^2 +
 * sd^2); the transition to timestep t' is N(sqrt(abar_t') f, (1 - abar_t') I). Coefficients are float64, from float32
 * tables. Immutable, thread-safe.
 *
 * @param noise the forward process
 * @param prediction what the network estimates
 * @param originalInferenceSteps how many timesteps the model was distilled on
 * @param timestepScaling the factor on t in c_skip and c_out
 * @param sigmaData sd, the assumed standard deviation of the data
 * @param rule which timesteps are evaluated
 * @param lastStep what becomes of the last evaluation
 */
public record LatentConsistencySchedule(
        NoiseSchedule noise,
        PredictionType prediction,
        int originalInferenceSteps,
        double timestepScaling,
        double sigmaData,
        TimestepRule rule,
        LastStep lastStep)
        implements ScheduleRule {
    public LatentConsistencySchedule {
        Check.that(
                originalInferenceSteps >= 1 && originalInferenceSteps <= noise.trainTimesteps(),
                "originalInferenceSteps",
                "in [1, " + noise.trainTimesteps() + "]",
                originalInferenceSteps);
        Check.positive("timestepScaling", timestepScaling);
        Check.positive("sigmaData", sigmaData);
        Check.that(
                !(noise.zeroTerminalSnr() && prediction == PredictionType.EPSILON),
                "prediction",
                "SAMPLE or V_PREDICTION with zero terminal SNR, where epsilon says nothing about the sample",
                prediction);
    }

    /** The schedule of LCM Dreamshaper v7 and its relatives: diffusers' LCMScheduler with its defaults. */
    public static LatentConsistencySchedule defaults() {
        return new LatentConsistencySchedule(
                NoiseSchedule.defaults(), PredictionType.EPSILON, 50, 10, 0.5, TimestepRule.DIFFUSERS, LastStep.OMIT);
    }

    /**
     * The schedule of a decoded {@code scheduler_config.json} of diffusers' LCMScheduler.
     *
     * @throws IllegalArgumentException if it asks for what is not affine (clipping, thresholding) or not known
     */
    public static LatentConsistencySchedule fromConfig(Map<String, ?> config) {
        SchedulerConfig decoded = new SchedulerConfig(config);
        decoded.refuseClipping(false);
        LatentConsistencySchedule standard = defaults();
        return new LatentConsistencySchedule(
                decoded.noise(),
                decoded.prediction(),
                decoded.integer("original_inference_steps", standard.originalInferenceSteps()),
                decoded.number("timestep_scaling", standard.timestepScaling()),
                standard.sigmaData(),
                standard.rule(),
                standard.lastStep());
    }

    public LatentConsistencySchedule withNoise(NoiseSchedule newNoise) {
        return new LatentConsistencySchedule(
                newNoise, prediction, originalInferenceSteps, timestepScaling, sigmaData, rule, lastStep);
    }

    public LatentConsistencySchedule withPrediction(PredictionType newPrediction) {
        return new LatentConsistencySchedule(
                noise, newPrediction, originalInferenceSteps, timestepScaling, sigmaData, rule, lastStep);
    }

    public LatentConsistencySchedule withOriginalInferenceSteps(int steps) {
        return new LatentConsistencySchedule(noise, prediction, steps, timestepScaling, sigmaData, rule, lastStep);
    }

    public LatentConsistencySchedule withRule(TimestepRule newRule) {
        return new LatentConsistencySchedule(
                noise, prediction, originalInferenceSteps, timestepScaling, sigmaData, newRule, lastStep);
    }

    public LatentConsistencySchedule withLastStep(LastStep newLastStep) {
        return new LatentConsistencySchedule(
                noise, prediction, originalInferenceSteps, timestepScaling, sigmaData, rule, newLastStep);
    }

    /** The timesteps of N evaluations, decreasing, within {@code [0, trainTimesteps)}. */
    public int[] timesteps(int evaluations) {
        Check.between(1, originalInferenceSteps, "evaluations", evaluations);
        int spacing = noise.trainTimesteps() / originalInferenceSteps;
        int[] timesteps = new int[evaluations];
        for (int k = 0; k < evaluations; k++) {
            int fromNoisiest = rule.index(k, evaluations, originalInferenceSteps);
            timesteps[k] = (originalInferenceSteps - fromNoisiest) * spacing - 1;
        }
        return timesteps;
    }

    /** The schedule of N evaluations, {@code 1 <= N <= originalInferenceSteps}. */
    @Override
    public Schedule steps(int evaluations) {
        int[] timesteps = timesteps(evaluations);
        float[] abar = noise.alphasCumprod();
        List<GaussianStep> steps = new ArrayList<>();
        for (int k = 0; k < evaluations - 1; k++) {
            steps.add(noised(timesteps[k], abar[timesteps[k]], abar[timesteps[k + 1]]));
        }
        int last = timesteps[evaluations - 1];
        GaussianStep decode = consistency(last, abar[last]).step(last, 0);
        steps.add(lastStep == LastStep.OMIT ? decode : noised(last, abar[last], abar[last]));
        return new Schedule(steps, decode, 1);
    }

    /** The forward process at the timesteps of N evaluations, with f as the estimate of x0. */
    @Override
    public List<ForwardStep> forwardSteps(int evaluations) {
        float[] abar = noise.alphasCumprod();
        return Arrays.stream(timesteps(evaluations))
                .mapToObj(t -> ForwardStep.at(t, abar[t], consistency(t, abar[t])))
                .toList();
    }

    /**
     * The steps that a model of this schedule is distilled on, by growing noise: DDIM steps over k = trainTimesteps /
     * originalInferenceSteps timesteps, from t = k - 1, 2 k - 1 and so on to t - k, or to 0 where that is negative.
     */
    public List<DistillationStep> distillationSteps() {
        float[] abar = noise.alphasCumprod();
        int skip = noise.trainTimesteps() / originalInferenceSteps;
        List<DistillationStep> steps = new ArrayList<>();
        for (int i = 1; i <= originalInferenceSteps; i++) {
            int t = i * skip - 1;
            int s = Math.max(t - skip, 0);
            steps.add(new DistillationStep(
                    ForwardStep.at(t, abar[t], consistency(t, abar[t])),
                    DdimSchedule.mean(prediction, abar[t], abar[s], 0).step(t, 0),
                    consistency(s, abar[s]).step(s, 0)));
        }
        return steps;
    }

    /** f at the timestep, noised to the level of the next one. */
    private GaussianStep noised(int timestep, double abar, double nextAbar) {
        return consistency(timestep, abar).times(Math.sqrt(nextAbar)).step(timestep, Math.sqrt(1 - nextAbar));
    }

    private Affine consistency(int timestep, double abar) {
        double scaled = timestepScaling * timestep;
        double sum = scaled * scaled + sigmaData * sigmaData;
        double skip = sigmaData * sigmaData / sum;
        double out = scaled / Math.sqrt(sum);
        return PredictionType.IDENTITY
                .times(skip)
                .plus(prediction.cleanSample(abar).times(out));
    }
}
