package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.mdp.FlowMatchSchedule;
import dev.rlcm.precision.Precision;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A flow-matching model such as Stable Diffusion 3.5 or FLUX.1 from a {@link ModelDirectory}. It is sampled by the stochastic sampler of
 * Flow-GRPO (Liu et al., arXiv:2505.05470), so that {@link dev.rlcm.ppo.PpoOptimizer} trains it as it trains a consistency model;
 * {@link #withSchedule} takes another noise level, the deterministic sampler (level 0) or a window of steps to train on. The last step
 * and the timestep rule of a plan are choices of consistency models and are ignored.
 *
 * <p>Guidance is part of the network: an input where the model was distilled with one, as FLUX.1-dev, else classifier-free as in
 * {@link LatentDiffusionModel}. FLUX.1-schnell has none, and ignores the scale.
 *
 * <p>Thread-safe. Everything that holds much memory is owned by the backend: closing that closes the model.
 */
public final class FlowMatchingModel extends LatentModel {
    private final FlowMatchSchedule schedule;

    private FlowMatchingModel(ModelDirectory directory, PipelineOptions options, Backend backend) throws IOException {
        super(directory, options, backend);
        this.schedule = directory.flowSchedule(size);
    }

    private FlowMatchingModel(FlowMatchingModel other, Denoiser denoiser, FlowMatchSchedule schedule) {
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
    public static FlowMatchingModel load(Path modelDirectory, Backend backend) throws IOException {
        return load(ModelDirectory.open(modelDirectory), backend, PipelineOptions.defaults());
    }

    /**
     * Loads a model from an open directory as the options say.
     *
     * @see #load(Path, Backend)
     */
    public static FlowMatchingModel load(ModelDirectory directory, Backend backend, PipelineOptions options)
            throws IOException {
        return new FlowMatchingModel(directory, options, backend);
    }

    /**
     * The same model with its denoiser computed in the given precision, by sampler and trainer alike. Text encoders and VAE stay as
     * they are; adapters, latents and log-probabilities are FLOAT32 in every precision.
     */
    public FlowMatchingModel withPrecision(Precision precision) {
        return new FlowMatchingModel(this, denoiser.withPrecision(precision), schedule);
    }

    /** The same model sampled in another way. */
    public FlowMatchingModel withSchedule(FlowMatchSchedule value) {
        return new FlowMatchingModel(this, denoiser, value);
    }

    /** {@inheritDoc} The shift is that of the pictures' size. */
    @Override
    public FlowMatchSchedule schedule() {
        return schedule;
    }

    @Override
    boolean isGuided() {
        return directory().isClassifierFree();
    }
}
