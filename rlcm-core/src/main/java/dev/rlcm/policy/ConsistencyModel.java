package dev.rlcm.policy;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.Map;

/**
 * A text-to-image consistency model: everything about it but its schedule and adapter.
 *
 * <p>Implementations are thread-safe. What they run, they run on a backend that the host owns and closes.
 */
public interface ConsistencyModel {
    /** Shape of one latent: [C, h, w]. */
    Shape latentShape();

    /**
     * The network m(x, t, conditioning) for a batch: inputs {@code sample} FLOAT32 [B,C,h,w], {@code timestep} FLOAT32
     * [B], one per row, and conditioning inputs FLOAT32 [B,...]; one output FLOAT32 [B,C,h,w]. Repeated calls for one
     * batch return the same graph; constants are shared between batches.
     *
     * @param batch B, at least 1
     */
    Graph denoiser(int batch);

    /**
     * For every prompt one row (no batch axis) per conditioning input of {@link #denoiser}, FLOAT32: for example {@code
     * encoder_hidden_states} [S,D] and {@code timestep_cond} [256].
     */
    List<Map<String, TensorData>> condition(List<String> prompts, double guidanceScale);

    /**
     * Pictures of latents.
     *
     * @param prompts B prompts, for the samples
     * @param latents FLOAT32 [B,C,h,w], still multiplied by the VAE's scaling factor
     * @return one sample per row, values in [0, 1]
     */
    List<Sample> decode(List<String> prompts, TensorData latents);
}
