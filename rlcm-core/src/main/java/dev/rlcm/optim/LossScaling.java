package dev.rlcm.optim;

import dev.rlcm.check.Check;

/**
 * How the loss is multiplied before gradients are taken in FLOAT16, whose numbers end at 6e-8 and 65504: Micikevicius et
 * al., arXiv:1710.03740, section 3.2. Gradients are divided by the same number afterwards, in FLOAT32.
 *
 * <p>The gradient that enters a denoiser of D latent elements is about 1 / (rows D), 1e-5 for Stable Diffusion: the last
 * bits of FLOAT16 are lost on it. The default of 2^15 makes it about 0.3, in the middle of the range. Where that is too much,
 * as with log-probabilities summed over the latent, the first steps are skipped until it fits.
 *
 * @param initial the first scale, a power of two in [1, 2^24]
 * @param growthInterval after how many steps without overflow the scale is doubled, at least 1; an overflow halves it
 */
public record LossScaling(double initial, int growthInterval) {
    /** The largest scale. */
    static final double LARGEST = 0x1p24;

    public LossScaling {
        boolean power = initial >= 1 && initial <= LARGEST && Math.scalb(1.0, Math.getExponent(initial)) == initial;
        Check.that(power, "initial", "a power of two in [1, 2^24]", initial);
        Check.atLeast(1, "growthInterval", growthInterval);
    }

    /** 2^15, doubled after 200 good steps: a scale tried in vain costs one step in 200. */
    public static LossScaling defaults() {
        return new LossScaling(0x1p15, 200);
    }

    public LossScaling withInitial(double value) {
        return new LossScaling(value, growthInterval);
    }

    public LossScaling withGrowthInterval(int value) {
        return new LossScaling(initial, value);
    }
}
