package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.precision.Precision;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A latent consistency model (Luo et al., arXiv:2310.04378) from a {@link ModelDirectory}: text to pictures in 1 to 50
 * network evaluations. Networks of any width, with or without guidance embedding, float32, float16 or bfloat16, with one
 * timestep for the batch or one for each row, appear alike. One without an input for the guidance scale ignores it.
 *
 * <p>Thread-safe. Everything that holds much memory is owned by the backend: closing that closes the model.
 */
public final class LatentConsistencyModel extends LatentModel {
    private final LatentConsistencySchedule schedule;

    private LatentConsistencyModel(
            ModelDirectory directory, LatentConsistencySchedule schedule, PipelineOptions options, Backend backend)
            throws IOException {
        super(directory, options, backend);
        this.schedule = schedule;
    }

    private LatentConsistencyModel(LatentConsistencyModel other, Denoiser denoiser) {
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
    public static LatentConsistencyModel load(Path modelDirectory, Backend backend) throws IOException {
        return load(modelDirectory, backend, PipelineOptions.defaults());
    }

    /**
     * Loads a model as the options say.
     *
     * @see #load(Path, Backend)
     */
    public static LatentConsistencyModel load(Path modelDirectory, Backend backend, PipelineOptions options)
            throws IOException {
        return load(ModelDirectory.open(modelDirectory), backend, options);
    }

    /**
     * Loads a model from an open directory, for instance one that shares components with another.
     *
     * @see #load(Path, Backend)
     */
    public static LatentConsistencyModel load(ModelDirectory directory, Backend backend) throws IOException {
        return load(directory, backend, PipelineOptions.defaults());
    }

    /**
     * Loads a model from an open directory as the options say.
     *
     * @see #load(Path, Backend)
     */
    public static LatentConsistencyModel load(ModelDirectory directory, Backend backend, PipelineOptions options)
            throws IOException {
        return new LatentConsistencyModel(directory, directory.schedule(), options, backend);
    }

    /**
     * The same model with its denoiser computed in the given precision, by sampler and trainer alike. Text encoders and VAE stay as
     * they are; adapters, latents and log-probabilities are FLOAT32 in every precision.
     */
    public LatentConsistencyModel withPrecision(Precision precision) {
        return new LatentConsistencyModel(this, denoiser.withPrecision(precision));
    }

    /**
     * The same model whose UNet has its weights as its file does, by the names of {@link #weights}, so that training can change
     * them and {@link OnnxModels#saveWeights} put them back. It may run a little slower.
     *
     * @throws IOException if the UNet's file cannot be read
     */
    public LatentConsistencyModel trainable() throws IOException {
        return new LatentConsistencyModel(this, denoiser.trainable(directory().reading()));
    }

    @Override
    public LatentConsistencySchedule schedule() {
        return schedule;
    }

    @Override
    public Schedule schedule(SamplingPlan plan) {
        return schedule.withRule(plan.timestepRule())
                .withLastStep(plan.lastStep())
                .steps(plan.steps());
    }

    @Override
    boolean isGuided() {
        return false;
    }
}
