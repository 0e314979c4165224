package dev.rlcm.onnx.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rlcm.onnx.pipeline.component.JsonFile;

/**
 * How latents stand for pictures, as a VAE's configuration says.
 *
 * @param pixels per latent, along each side
 * @param factor what the VAE's latents are multiplied by for the denoiser
 * @param shift what is subtracted from them before that
 */
record LatentScale(int pixels, double factor, double shift) {
    private static final int MOST_LEVELS = 8;

    /** Of models whose latents are the pictures themselves. */
    static final LatentScale OF_PIXELS = new LatentScale(1, 1, 0);

    /** @throws IllegalArgumentException if the configuration does not say it, or asks for what is not supported */
    static LatentScale of(JsonFile vae) {
        // Without it, diffusers' AutoencoderKL takes Stable Diffusion's 0.18215; a VAE with numbers by channel has no
        // other.
        double factor = vae.real("scaling_factor").orElse(ChannelScale.isByChannel(vae) ? 1 : 0.18215);
        if (!(factor > 0)) {
            throw vae.wrong("scaling_factor", "a positive number");
        }
        return new LatentScale(
                1 << (levels(vae) - 1), factor, vae.real("shift_factor").orElse(0));
    }

    private static int levels(JsonFile vae) {
        String key = vae.has("encoder_block_out_channels") ? "encoder_block_out_channels" : "block_out_channels";
        JsonNode channels = vae.root().path(key);
        if (!channels.isArray() || channels.isEmpty() || channels.size() > MOST_LEVELS) {
            throw vae.wrong(key, "a list of 1 to 8 channel counts");
        }
        return channels.size();
    }
}
