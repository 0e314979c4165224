package dev.rlcm.mdp;

import dev.rlcm.check.Check;

/**
 * The forward process of a variance-preserving diffusion, x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) z.
 *
 * <p>Tables are float32 with PyTorch's rounding, because the networks were trained with such tables and all reference values
 * come from them. Tables in float64 differ by up to 5e-7. Immutable, thread-safe.
 *
 * @param shape how the betas grow
 * @param betaStart the first beta, in (0, 1)
 * @param betaEnd the last beta, in (0, 1)
 * @param trainTimesteps the number of timesteps, 1000 nearly always
 * @param zeroTerminalSnr whether to rescale so that the last abar is 0 (Lin et al., arXiv:2305.08891, algorithm 1)
 */
public record NoiseSchedule(
        BetaSchedule shape, double betaStart, double betaEnd, int trainTimesteps, boolean zeroTerminalSnr) {
    public NoiseSchedule {
        Check.that(betaStart > 0 && betaStart < 1, "betaStart", "in (0, 1)", betaStart);
        Check.that(betaEnd > 0 && betaEnd < 1, "betaEnd", "in (0, 1)", betaEnd);
        Check.that(trainTimesteps >= 2 && trainTimesteps <= 1_000_000, "trainTimesteps", "in [2, 1e6]", trainTimesteps);
    }

    /** Stable Diffusion's noise: scaled linear, 0.00085 to 0.012, 1000 timesteps (arXiv:2112.10752, its released code). */
    public static NoiseSchedule defaults() {
        return new NoiseSchedule(BetaSchedule.SCALED_LINEAR, 0.00085, 0.012, 1000, false);
    }

    public NoiseSchedule withZeroTerminalSnr(boolean rescale) {
        return new NoiseSchedule(shape, betaStart, betaEnd, trainTimesteps, rescale);
    }

    /** The betas, [trainTimesteps]. */
    public float[] betas() {
        float[] betas =
                switch (shape) {
                    case LINEAR -> linspace(betaStart, betaEnd, trainTimesteps);
                    case SCALED_LINEAR -> squared(linspace(Math.sqrt(betaStart), Math.sqrt(betaEnd), trainTimesteps));
                    case SQUAREDCOS_CAP_V2 -> cosine(trainTimesteps);
                };
        return zeroTerminalSnr ? rescaled(betas) : betas;
    }

    /** abar, the cumulative product of 1 - beta, [trainTimesteps], decreasing within [0, 1). */
    public float[] alphasCumprod() {
        return cumprod(betas());
    }

    /**
     * torch.linspace to the bit: from both ends towards the middle, in vectors of eight whose first element is a fused
     * multiply-add.
     */
    private static float[] linspace(double start, double end, int n) {
        float first = (float) start;
        float last = (float) end;
        float step = (last - first) / (n - 1);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            int lane = i % 8;
            int base = i - lane;
            float origin = base < n / 2 ? Math.fma(step, base, first) : Math.fma(-step, n - 1 - base, last);
            values[i] = Math.fma(step, lane, origin);
        }
        return values;
    }

    private static float[] squared(float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] *= values[i];
        }
        return values;
    }

    private static float[] cosine(int n) {
        float[] betas = new float[n];
        for (int i = 0; i < n; i++) {
            betas[i] = (float) Math.min(1 - cosineBar((i + 1.0) / n) / cosineBar((double) i / n), 0.999);
        }
        return betas;
    }

    private static double cosineBar(double t) {
        double cos = Math.cos((t + 0.008) / 1.008 * Math.PI / 2);
        return cos * cos;
    }

    /** torch.cumprod: accumulated in float64, kept in float32. */
    private static float[] cumprod(float[] betas) {
        float[] product = new float[betas.length];
        double running = 1;
        for (int i = 0; i < betas.length; i++) {
            running *= 1 - betas[i];
            product[i] = (float) running;
        }
        return product;
    }

    private static float[] rescaled(float[] betas) {
        float[] root = cumprod(betas);
        for (int i = 0; i < root.length; i++) {
            root[i] = (float) Math.sqrt(root[i]);
        }
        float first = root[0];
        float last = root[root.length - 1];
        float stretch = first / (first - last);
        float[] rescaled = new float[betas.length];
        float before = 1;
        for (int i = 0; i < root.length; i++) {
            float shifted = (root[i] - last) * stretch;
            float bar = shifted * shifted;
            rescaled[i] = 1 - bar / before;
            before = bar;
        }
        return rescaled;
    }
}
