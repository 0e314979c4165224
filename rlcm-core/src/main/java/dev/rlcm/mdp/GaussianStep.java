package dev.rlcm.mdp;

import dev.rlcm.check.Check;

/**
 * One transition of a sampler: x' ~ N(a x + b m(c x, t), sigma^2 I), with m the network. Some samplers clip the mean to [-bound, bound]
 * before noise is drawn. The transition stays Gaussian, and the gradient of its log-density is zero where the mean was clipped.
 *
 * <p>The methods are the specification in plain Java, float32 in, float64 within; arrays are one latent or any number of
 * latents of this step, flattened. Immutable, thread-safe.
 *
 * @param timestep t, what the network is told; [0, 1000) for most, any finite number in principle
 * @param inputScale c, the factor on the network's input; 1 for variance-preserving samplers
 * @param sampleCoefficient a
 * @param modelCoefficient b
 * @param sigma the standard deviation, 0 if the step is deterministic
 * @param bound the largest magnitude of the mean's elements, infinite if the mean is not clipped
 */
public record GaussianStep(
        double timestep,
        double inputScale,
        double sampleCoefficient,
        double modelCoefficient,
        double sigma,
        double bound) {
    private static final double LOG_SQRT_TWO_PI = 0.5 * Math.log(2 * Math.PI);

    public GaussianStep {
        Check.that(Double.isFinite(timestep), "timestep", "finite", timestep);
        Check.positive("inputScale", inputScale);
        Check.that(Double.isFinite(sampleCoefficient), "sampleCoefficient", "finite", sampleCoefficient);
        Check.that(Double.isFinite(modelCoefficient), "modelCoefficient", "finite", modelCoefficient);
        Check.that(sigma >= 0 && Double.isFinite(sigma), "sigma", "finite and not negative", sigma);
        Check.that(bound > 0, "bound", "positive", bound);
    }

    /** A step whose mean is not clipped. */
    public GaussianStep(
            double timestep, double inputScale, double sampleCoefficient, double modelCoefficient, double sigma) {
        this(timestep, inputScale, sampleCoefficient, modelCoefficient, sigma, Double.POSITIVE_INFINITY);
    }

    /** The step with the same mean and another standard deviation. */
    public GaussianStep withSigma(double value) {
        return new GaussianStep(timestep, inputScale, sampleCoefficient, modelCoefficient, value, bound);
    }

    /** Whether the step draws noise, and so is an action that a policy gradient can credit. */
    public boolean isStochastic() {
        return sigma > 0;
    }

    /** a x + b m, clipped to [-bound, bound], elementwise: the mean of the next latent. */
    public double[] mean(float[] sample, float[] modelOutput) {
        sameLength("modelOutput", modelOutput.length, sample.length);
        double[] mean = new double[sample.length];
        for (int i = 0; i < mean.length; i++) {
            double value = sampleCoefficient * sample[i] + modelCoefficient * modelOutput[i];
            mean[i] = Math.max(-bound, Math.min(bound, value));
        }
        return mean;
    }

    /** mean + sigma z, rounded to float32, as trajectories are kept. */
    public float[] next(float[] sample, float[] modelOutput, float[] noise) {
        sameLength("noise", noise.length, sample.length);
        double[] mean = mean(sample, modelOutput);
        float[] next = new float[mean.length];
        for (int i = 0; i < next.length; i++) {
            next[i] = (float) (mean[i] + sigma * noise[i]);
        }
        return next;
    }

    /**
     * log pi(next | sample) of one latent.
     *
     * @throws IllegalArgumentException if lengths differ
     * @throws IllegalStateException if the step is deterministic, and so has no density
     */
    public double logProb(float[] sample, float[] modelOutput, float[] next, LogProbReduction reduction) {
        sameLength("next", next.length, sample.length);
        if (!isStochastic()) {
            throw new IllegalStateException(
                    "the step at timestep " + timestep + " is deterministic: it has no density");
        }
        double[] mean = mean(sample, modelOutput);
        double sum = 0;
        for (int i = 0; i < mean.length; i++) {
            double z = (next[i] - mean[i]) / sigma;
            sum -= 0.5 * z * z;
        }
        double perElement = sum / mean.length - Math.log(sigma) - LOG_SQRT_TWO_PI;
        return switch (reduction) {
            case MEAN -> perElement;
            case SUM -> perElement * mean.length;
        };
    }

    private static void sameLength(String name, int length, int expected) {
        Check.that(length == expected, name, "as long as the sample, " + expected, length);
    }
}
