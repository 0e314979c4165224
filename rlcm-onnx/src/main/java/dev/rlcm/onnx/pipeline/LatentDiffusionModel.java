package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.DdimSchedule;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.precision.Precision;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

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
    private final GuidedDenoiser guided;
    private final Unguided unguided = new Unguided();

    private LatentDiffusionModel(
            ModelDirectory directory, DdimSchedule schedule, PipelineOptions options, Backend backend)
            throws IOException {
        super(directory, options, backend);
        if (denoiser.guidanceDim().isPresent()) {
            throw new IllegalArgumentException(directory.unet() + " has an input " + Denoiser.GUIDANCE
                    + ", as only latent consistency models have; load it by LatentConsistencyModel");
        }
        this.schedule = schedule;
        this.guided = new GuidedDenoiser(denoiser);
    }

    private LatentDiffusionModel(LatentDiffusionModel other, Denoiser denoiser) {
        super(other, denoiser);
        this.schedule = other.schedule;
        this.guided = new GuidedDenoiser(denoiser);
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
     * The same model with its UNet computed in the given precision, by sampler and trainer alike. Text encoder and VAE stay as
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

    /** The UNet as it is, without guidance: what an adapter that makes it a consistency model is injected into. */
    public ConsistencyModel unguided() {
        return unguided;
    }

    /** The schedule that the model's configuration asks for, with eta 1. */
    public DdimSchedule schedule() {
        return schedule;
    }

    @Override
    Schedule schedule(int evaluations) {
        return schedule.steps(evaluations);
    }

    @Override
    public Schedule schedule(SamplingPlan plan) {
        return schedule.steps(plan.steps());
    }

    @Override
    ConsistencyModel network(double guidanceScale) {
        return guidanceScale == 1 ? unguided : this;
    }

    /** The UNet with guidance, which evaluates it on 2B rows for B. */
    @Override
    public Graph denoiser(int batch) {
        return guided.graph(batch);
    }

    @Override
    public List<Map<String, TensorData>> condition(List<String> prompts, double guidanceScale) {
        TensorData scale = TensorData.floats(Shape.SCALAR, (float) guidanceScale);
        TensorData negative = textEncoder.encode("");
        return prompts.stream()
                .map(prompt -> Map.of(
                        Denoiser.STATES, textEncoder.encode(prompt),
                        GuidedDenoiser.NEGATIVE_STATES, negative,
                        GuidedDenoiser.SCALE, scale))
                .toList();
    }

    /** The UNet as it is. */
    private final class Unguided implements ConsistencyModel {
        @Override
        public Shape latentShape() {
            return LatentDiffusionModel.this.latentShape();
        }

        @Override
        public Graph denoiser(int batch) {
            return denoiser.graph(batch);
        }

        @Override
        public List<Map<String, TensorData>> condition(List<String> prompts, double guidanceScale) {
            return prompts.stream()
                    .map(prompt -> Map.of(Denoiser.STATES, textEncoder.encode(prompt)))
                    .toList();
        }

        @Override
        public List<Sample> decode(List<String> prompts, TensorData latents) {
            return LatentDiffusionModel.this.decode(prompts, latents);
        }

        @Override
        public Graph decoder(int batch) {
            return LatentDiffusionModel.this.decoder(batch);
        }
    }
}
