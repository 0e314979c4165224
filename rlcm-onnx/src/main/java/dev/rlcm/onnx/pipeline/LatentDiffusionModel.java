package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.mdp.DdimSchedule;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.precision.Precision;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A latent diffusion model such as Stable Diffusion 1.5 from a {@link ModelDirectory}, sampled by DDIM with noise: the
 * policy of DDPO (Black et al., arXiv:2305.13301), which {@link dev.rlcm.ppo.PpoOptimizer} trains as it trains a consistency
 * model. All N steps are actions. The last step and the timestep rule of a plan are choices of consistency models and are
 * ignored.
 *
 * <p>Classifier-free guidance is part of the network ({@link GuidedDenoiser}): gradients go through both of its halves, and
 * adapters act in both. The unconditional prompt is the empty text. With guidance scale 1 the network is evaluated without
 * it, at half the cost.
 *
 * <p>Thread-safe. Everything that holds much memory is owned by the backend: closing that closes the model.
 */
public final class LatentDiffusionModel extends LatentModel {
    private final DdimSchedule schedule;

    private LatentDiffusionModel(
            ModelDirectory directory, DdimSchedule schedule, PipelineOptions options, Backend backend)
            throws IOException {
        super(directory, options, backend);
        if (denoiser.takes(ConditioningInput.GUIDANCE_EMBEDDING)) {
            throw new IllegalArgumentException(
                    directory.denoiser() + " has an input " + ConditioningInput.GUIDANCE_EMBEDDING
                            + ", as only latent consistency models have; load it by LatentConsistencyModel");
        }
        this.schedule = schedule;
    }

    private LatentDiffusionModel(LatentDiffusionModel other, Denoiser denoiser) {
        super(other, denoiser);
        this.schedule = other.schedule;
    }

    /**
     * Loads a model for pictures of the size it was trained on.
     *
     * @throws IllegalArgumentException if the directory is not a model that can be used; the message names what is wrong
     *     with it and the remedy
     * @throws dev.rlcm.graph.GraphException if one of its ONNX files holds what is not supported
     */
    public static LatentDiffusionModel load(Path modelDirectory, Backend backend) throws IOException {
        return load(modelDirectory, backend, PipelineOptions.defaults());
    }

    /**
     * Loads a model as the options say.
     *
     * @see #load(Path, Backend)
     */
    public static LatentDiffusionModel load(Path modelDirectory, Backend backend, PipelineOptions options)
            throws IOException {
        return load(ModelDirectory.open(modelDirectory), backend, options);
    }

    /**
     * Loads a model from an open directory, for instance one that shares components with another.
     *
     * @see #load(Path, Backend)
     */
    public static LatentDiffusionModel load(ModelDirectory directory, Backend backend) throws IOException {
        return load(directory, backend, PipelineOptions.defaults());
    }

    /**
     * Loads a model from an open directory as the options say.
     *
     * @see #load(Path, Backend)
     */
    public static LatentDiffusionModel load(ModelDirectory directory, Backend backend, PipelineOptions options)
            throws IOException {
        return new LatentDiffusionModel(directory, directory.ddimSchedule(), options, backend);
    }

    /**
     * The same model with its denoiser computed in the given precision, by sampler and trainer alike. Text encoders and VAE stay as
     * they are; adapters, latents and log-probabilities are FLOAT32 in every precision.
     */
    public LatentDiffusionModel withPrecision(Precision precision) {
        return new LatentDiffusionModel(this, denoiser.withPrecision(precision));
    }

    /**
     * The same model whose UNet has its weights as its file does, see {@link LatentConsistencyModel#trainable}.
     *
     * @throws IOException if the UNet's file cannot be read
     */
    public LatentDiffusionModel trainable() throws IOException {
        return new LatentDiffusionModel(this, denoiser.trainable(directory().reading()));
    }

    /** The denoiser as it is, without guidance: what an adapter that makes it a consistency model is injected into. */
    public ConsistencyModel unguided() {
        return network(1);
    }

    /** {@inheritDoc} They have eta 1. */
    @Override
    public DdimSchedule schedule() {
        return schedule;
    }

    @Override
    boolean isGuided() {
        return true;
    }
}
