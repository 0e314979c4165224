package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.util.List;

/** Latents [B,C,h,w] of the denoiser to pictures in [0, 1]. Implementations are thread-safe. */
interface ImageDecoder {
    /** Checks the decoder's interface; weights are read at the first use. */
    static ImageDecoder open(ModelDirectory directory, Shape latent, Backend backend) throws IOException {
        return directory.isOfPixels() ? new PixelCodec(latent) : VaeDecoder.open(directory, latent, backend);
    }

    List<Sample> decode(List<String> prompts, TensorData latents);

    /** As {@link dev.rlcm.policy.ConsistencyModel#decoder} has it: with the scale of the latents and that of the pictures. */
    Graph graph(int batch);

    /**
     * Checks that there is a latent for each prompt.
     *
     * @throws IllegalArgumentException if the latents are not one of the shape for each prompt
     */
    static void requireOnePerPrompt(List<String> prompts, TensorData latents, Shape latent) {
        if (!latents.shape().equals(Rows.prepend(prompts.size(), latent))) {
            throw new IllegalArgumentException("expected latents " + Rows.prepend(prompts.size(), latent) + " for "
                    + prompts.size() + " prompts, got " + latents.shape());
        }
    }

    /** Pictures in [-1, 1] as ones in [0, 1]. */
    static Value picture(Value decoded) {
        return decoded.div(2).add(0.5).clip(0, 1);
    }

    /** The same of one picture [1,3,H,W]. */
    static Sample sample(String prompt, TensorData decoded) {
        float[] pixels = decoded.toFloats();
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = Math.max(0, Math.min(1, pixels[i] / 2 + 0.5f)); // NaN stays, and Sample refuses it
        }
        return Sample.of(prompt, decoded.shape().dim(2), decoded.shape().dim(3), pixels);
    }
}
