package dev.rlcm.policy;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.Map;

/**
 * A text-to-image consistency model, or a diffusion model, which differs in its schedule only; without that and adapter:
 * the network as a graph, and the ways from prompts to conditioning and from latents to pictures. Letters as in {@link
 * dev.rlcm.mdp}. Thread-safe.
 */
public interface ConsistencyModel {
    /** The name of the denoiser's noisy latents, FLOAT32 [B,C,h,w]. */
    String SAMPLE = "sample";

    /** The name of the denoiser's timesteps, FLOAT32 [B]: one per row. */
    String TIMESTEP = "timestep";

    /** Shape of one latent, [C,h,w]. */
    Shape latentShape();

    /**
     * The network m(x, t, conditioning) for a batch: inputs {@link #SAMPLE}, {@link #TIMESTEP} and conditioning inputs
     * FLOAT32 [B,...]; one output FLOAT32 [B,C,h,w]. Graphs of different batches share their constants.
     */
    Graph denoiser(int batch);

    /**
     * What the denoiser is conditioned on: for every prompt one row, without the batch axis, for each conditioning input.
     *
     * @param guidanceScale strength of guidance, whether distilled or computed; 1 is none
     */
    List<Map<String, TensorData>> condition(List<String> prompts, double guidanceScale);

    /**
     * The pictures of latents.
     *
     * @param latents FLOAT32 [B,C,h,w], as the denoiser works on
     */
    List<Sample> decode(List<String> prompts, TensorData latents);
}
