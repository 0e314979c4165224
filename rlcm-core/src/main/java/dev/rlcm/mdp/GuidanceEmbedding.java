package dev.rlcm.mdp;

import dev.rlcm.check.Check;

/**
 * The sinusoidal embedding by which a latent consistency model is told its guidance scale (its {@code timestep_cond}).
 *
 * <p>float32 throughout, rounded where PyTorch rounds: arguments reach 7000, where float64 differs by up to 6e-4 from
 * what the networks were trained with. Thread-safe.
 */
public final class GuidanceEmbedding {
    private static final float[] EXP_SERIES = {0.0013930436f, 0.008333361f, 0.041666485f, 0.16666667f, 0.5f};

    private GuidanceEmbedding() {}

    /**
     * [dim]: sines of 1000 (guidanceScale - 1) 10000^(-k / (half - 1)), k &lt; half = dim / 2, then the cosines, and a
     * zero if dim is odd.
     *
     * @param guidanceScale w, finite; 1 is no guidance
     * @param dim at least 4; 256 for most models
     */
    public static float[] of(double guidanceScale, int dim) {
        Check.that(Double.isFinite(guidanceScale), "guidanceScale", "finite", guidanceScale);
        Check.that(dim >= 4, "dim", "at least 4", dim);
        int half = dim / 2;
        float scaled = (float) (guidanceScale - 1) * 1000f;
        float rate = (float) Math.log(10000) / (half - 1);
        float[] embedding = new float[dim];
        for (int k = 0; k < half; k++) {
            float frequency = exp(k * -rate);
            float argument = scaled * frequency;
            embedding[k] = (float) Math.sin(argument);
            embedding[half + k] = (float) Math.cos(argument);
        }
        return embedding;
    }

    /**
     * PyTorch's float32 exponential on CPUs, to the bit: that of SLEEF (https://sleef.org, xexpf), within one unit in the
     * last place. A correctly rounded one is not the same, and the difference is multiplied by up to 1000 w.
     */
    private static float exp(float x) {
        float q = (float) Math.rint(x * 1.442695f); // 1 / ln 2
        float s = Math.fma(q, -1.4286068e-06f, Math.fma(q, -0.69314575f, x)); // x - q ln 2
        float u = 0.00019852762f;
        for (float coefficient : EXP_SERIES) {
            u = Math.fma(u, s, coefficient);
        }
        return Math.scalb(1 + Math.fma(s * s, u, s), (int) q);
    }
}
