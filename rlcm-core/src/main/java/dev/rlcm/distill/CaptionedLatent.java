package dev.rlcm.distill;

/**
 * A clean latent and what it shows.
 *
 * @param latent [C,h,w] flattened, as the denoiser works on; shared, not copied, not to be changed
 * @param prompt the caption
 */
public record CaptionedLatent(float[] latent, String prompt) {}
