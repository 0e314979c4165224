package dev.rlcm.mdp;

import dev.rlcm.check.Check;
import dev.rlcm.mdp.PredictionType.Affine;

/**
 * The forward process at one timestep, x = signal x0 + noise z, and the model's way back: the network's estimate of x0 from x. Immutable
 * and thread-safe.
 *
 * @param signal what a clean latent is scaled with, positive
 * @param noise the standard deviation of what is added, positive
 * @param estimate the estimate of x0, a x + b m(c x, t): deterministic
 */
public record ForwardStep(double signal, double noise, GaussianStep estimate) {
    public ForwardStep {
        Check.positive("signal", signal);
        Check.positive("noise", noise);
        Check.that(!estimate.isStochastic(), "estimate", "deterministic", estimate);
    }

    /** That of a variance-preserving process, with a linear estimate of x0. */
    static ForwardStep at(int timestep, double abar, Affine cleanSample) {
        return new ForwardStep(Math.sqrt(abar), Math.sqrt(1 - abar), cleanSample.step(timestep, 0));
    }

    /** signal x0 + noise z, rounded to float32. */
    public float[] noised(float[] clean, float[] z) {
        Check.that(z.length == clean.length, "noise", "as long as the latent, " + clean.length, z.length);
        float[] noised = new float[clean.length];
        for (int i = 0; i < noised.length; i++) {
            noised[i] = (float) (signal * clean[i] + noise * z[i]);
        }
        return noised;
    }

    /**
     * The estimate as a Gaussian around x0, of standard deviation noise / signal. Up to a constant, minus its log-probability is half the
     * squared error in units of the noise: the loss that diffusion models are trained with.
     */
    public GaussianStep likelihood() {
        return estimate.withSigma(noise / signal);
    }
}
