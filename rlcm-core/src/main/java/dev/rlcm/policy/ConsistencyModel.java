package dev.rlcm.policy;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.Map;

/**
 * A text-to-image model without its schedule and without an adapter: the network as a graph, the way from prompts to
 * conditioning, and the way from latents to pictures. Consistency models and diffusion models differ in their schedules only.
 * Letters as in {@link dev.rlcm.mdp}. Hosts may implement it for a network of their own. Implementations are thread-safe.
 */
public interface ConsistencyModel {
    /** The name of the denoiser's noisy latents, FLOAT32 [B,C,h,w]. */
    String SAMPLE = "sample";

    /** The name of the denoiser's timesteps, FLOAT32 [B]: one per row, in the unit that the schedule uses. */
    String TIMESTEP = "timestep";

    /** Shape of one latent, [C,h,w]. */
    Shape latentShape();

    /**
     * The network m(x, t, conditioning) for a batch: inputs {@link #SAMPLE}, {@link #TIMESTEP} and conditioning inputs
     * FLOAT32 [B,...]; one output FLOAT32 [B,C,h,w] of any name. Rows do not depend on each other. Layers have module paths
     * that adapters find them by, see {@link dev.rlcm.lora.LoraInjection#sites}. Graphs of different batches share their
     * constants.
     *
     * @param batch B, at least 1
     */
    Graph denoiser(int batch);

    /**
     * What the denoiser is conditioned on: for every prompt, in order, the rows of the conditioning inputs by their names,
     * FLOAT32 without the batch axis. Trajectories keep them; nobody changes them afterwards.
     *
     * @param guidanceScale strength of guidance, whether distilled or computed; 1 is none
     */
    List<Map<String, TensorData>> condition(List<String> prompts, double guidanceScale);

    /**
     * The pictures of latents, one per prompt, in order.
     *
     * @param prompts [B], what the samples say they were made from
     * @param latents FLOAT32 [B,C,h,w], as the denoiser works on; B is any number from 1 on
     * @throws IllegalArgumentException if a picture has values that are not finite
     */
    List<Sample> decode(List<String> prompts, TensorData latents);

    /** The name of the decoder's latents, FLOAT32 [B,C,h,w]. */
    String LATENTS = "latents";

    /**
     * What {@link #decode} does as a graph, for losses that look at pictures: the input {@link #LATENTS}, one output FLOAT32
     * [B,3,H,W] in [0, 1] of any name. Graphs of different batches share their constants.
     *
     * @param batch B, at least 1
     * @throws UnsupportedOperationException if this model does not offer it
     */
    default Graph decoder(int batch) {
        throw new UnsupportedOperationException(
                getClass().getName() + " does not offer its decoder as a graph; override ConsistencyModel.decoder");
    }
}
