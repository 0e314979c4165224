package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.mdp.TrigFlowSchedule;
import dev.rlcm.precision.Precision;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A continuous-time consistency model in TrigFlow's parametrisation (Lu and Song, arXiv:2410.11081) from a {@link ModelDirectory}, such as
 * SANA-Sprint (Chen et al., arXiv:2503.09641): text to pictures in 1 to 4 network evaluations. Guidance is an input of the network. The
 * last step and the timestep rule of a plan are choices of latent consistency models and are ignored.
 *
 * <p>Thread-safe. Everything that holds much memory is owned by the backend: closing that closes the model.
 */
public final class TrigFlowModel extends LatentModel {
    private final TrigFlowSchedule schedule;

    private TrigFlowModel(ModelDirectory directory, PipelineOptions options, Backend backend) throws IOException {
        super(directory, options, backend);
        this.schedule = directory.trigFlowSchedule();
    }

    private TrigFlowModel(TrigFlowModel other, Denoiser denoiser, TrigFlowSchedule schedule) {
        super(other, denoiser);
        this.schedule = schedule;
    }

    /**
     * Loads a model for pictures of the size it was trained on.
     *
     * @throws IllegalArgumentException if the directory is not a model that can be used; the message names what is wrong
     *     with it and the remedy
     * @throws dev.rlcm.graph.GraphException if one of its ONNX files holds what is not supported
     */
    public static TrigFlowModel load(Path modelDirectory, Backend backend) throws IOException {
        return load(ModelDirectory.open(modelDirectory), backend, PipelineOptions.defaults());
    }

    /**
     * Loads a model from an open directory as the options say.
     *
     * @see #load(Path, Backend)
     */
    public static TrigFlowModel load(ModelDirectory directory, Backend backend, PipelineOptions options)
            throws IOException {
        return new TrigFlowModel(directory, options, backend);
    }

    /**
     * The same model with its denoiser computed in the given precision, by sampler and trainer alike. Text encoders and VAE stay as
     * they are; adapters, latents and log-probabilities are FLOAT32 in every precision.
     */
    public TrigFlowModel withPrecision(Precision precision) {
        return new TrigFlowModel(this, denoiser.withPrecision(precision), schedule);
    }

    /** The same model sampled from other timesteps. */
    public TrigFlowModel withSchedule(TrigFlowSchedule value) {
        return new TrigFlowModel(this, denoiser, value);
    }

    @Override
    public TrigFlowSchedule schedule() {
        return schedule;
    }

    @Override
    boolean isGuided() {
        return false;
    }
}
