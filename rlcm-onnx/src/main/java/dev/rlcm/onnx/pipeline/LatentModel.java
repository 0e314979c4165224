package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.lora.LoraSite;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.pipeline.ModelDirectory.LatentSize;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.RolloutPlan;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.random.Noise;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A text-to-image model of the Stable Diffusion 1.5 family from a {@link ModelDirectory}: text encoder, UNet and VAE. Its
 * kinds differ in the schedule and in how guidance is done; policies, adapters and pictures are the same for all.
 *
 * <p>Thread-safe. Everything that holds much memory is owned by the backend: closing that closes the model.
 */
public abstract sealed class LatentModel implements ConsistencyModel
        permits LatentConsistencyModel, LatentDiffusionModel {
    final Denoiser denoiser;
    final TextEncoder textEncoder;
    private final ModelDirectory directory;
    private final Backend backend;
    private final ImageDecoder imageDecoder;
    private @Nullable ImageEncoder imageEncoder;
    private final Map<ConsistencyModel, Sampler> samplers = new ConcurrentHashMap<>();

    LatentModel(ModelDirectory directory, PipelineOptions options, Backend backend) throws IOException {
        LatentSize size = options.height().isPresent()
                ? directory.size(options.height().getAsInt(), options.width().getAsInt())
                : directory.trainedSize();
        this.directory = directory;
        this.backend = backend;
        this.textEncoder = TextEncoder.load(directory, backend);
        try {
            Denoiser stored = Denoiser.open(directory, size, textEncoder.shape(), true);
            this.denoiser = options.precision().map(stored::withPrecision).orElse(stored);
            this.imageDecoder = ImageDecoder.open(directory, denoiser.latent(), backend);
        } catch (IOException | RuntimeException e) {
            textEncoder.close();
            throw e;
        }
    }

    /** The other model with another UNet. */
    LatentModel(LatentModel other, Denoiser denoiser) {
        this.directory = other.directory;
        this.backend = other.backend;
        this.textEncoder = other.textEncoder;
        this.denoiser = denoiser;
        this.imageDecoder = other.imageDecoder;
    }

    /** The schedule of N network evaluations. */
    abstract Schedule schedule(int evaluations);

    /**
     * The steps that a policy with that plan takes.
     *
     * @throws IllegalArgumentException if the plan has more steps than the model's schedule
     */
    public abstract Schedule schedule(SamplingPlan plan);

    /** The network that is evaluated for a guidance scale; the same one at every call. */
    abstract ConsistencyModel network(double guidanceScale);

    /**
     * The names of the UNet's weights that {@link #denoiser} has as constants, those of its file: all that whole-model training can
     * change. Meant for a model that was made trainable.
     *
     * @throws IOException if the UNet's file cannot be read
     */
    public Set<String> weights() throws IOException {
        Set<String> names = new LinkedHashSet<>(OnnxModels.weightNames(directory.unet()));
        names.retainAll(OnnxModels.weights(denoiser.graph(1)).keySet());
        return names;
    }

    /** Where the model came from, and what its configurations say. */
    public ModelDirectory directory() {
        return directory;
    }

    /**
     * The policy of this model with a fresh adapter, which changes nothing yet; its initial draws have seed 0. Compiles a
     * graph, which takes memory until the policy or its backend is closed.
     *
     * @throws dev.rlcm.graph.GraphException if no layer matches the targets; the message lists the candidates
     * @throws IllegalArgumentException if the plan has more steps than the model's schedule
     */
    public ConsistencyPolicy policy(LoraConfig lora, SamplingPlan plan) {
        return policy(lora, plan, RandomStreams.seeded(0));
    }

    /**
     * As {@link #policy(LoraConfig, SamplingPlan)}.
     *
     * @param random source of the adapter's initial draws
     */
    public ConsistencyPolicy policy(LoraConfig lora, SamplingPlan plan, RandomStreams random) {
        List<LoraSite> sites = LoraInjection.sites(denoiser.graph(1), lora);
        return policy(LoraAdapter.initial(lora, sites, random.at("lora")), plan);
    }

    /**
     * The policy of this model with the given adapter, which it goes on sharing: another adapter of the same sites and rank
     * can be put into it by {@link LoraAdapter#assign}, without compiling again.
     */
    public ConsistencyPolicy policy(LoraAdapter adapter, SamplingPlan plan) {
        RolloutPlan rollout = plan.rollout();
        return ConsistencyPolicy.of(network(rollout.guidanceScale()), schedule(plan), rollout, adapter, backend);
    }

    /**
     * Reads an adapter for this model, whichever tool wrote it.
     *
     * @throws IOException if the file is unreadable, damaged or of another model
     */
    public LoraAdapter adapter(Path file) throws IOException {
        return LoraAdapter.load(file, LoraInjection.sites(denoiser.graph(1)));
    }

    /** As {@link #adapter(Path)}, with an alpha that replaces the file's, see {@link LoraAdapter#load(Path, List, double)}. */
    public LoraAdapter adapter(Path file, double alpha) throws IOException {
        return LoraAdapter.load(file, LoraInjection.sites(denoiser.graph(1)), alpha);
    }

    @Override
    public Shape latentShape() {
        return denoiser.latent();
    }

    @Override
    public List<Sample> decode(List<String> prompts, TensorData latents) {
        return imageDecoder.decode(prompts, latents);
    }

    /**
     * Encodes pictures by the VAE: the means of their latents, times its scaling factor. {@link #decode} gives about the same pictures.
     *
     * @param samples at least one, each of the size that the model draws; values outside of [0, 1] are clamped
     * @return [B,C,h,w] as {@link #latentShape} has it, FLOAT32, in the pictures' order; owned by the caller
     * @throws IllegalArgumentException if a picture has another size, or the model's directory has no VAE encoder
     */
    public TensorData encode(List<Sample> samples) throws IOException {
        return encoder().encode(samples);
    }

    private synchronized ImageEncoder encoder() throws IOException {
        if (imageEncoder == null) {
            imageEncoder = ImageEncoder.open(directory, denoiser.latent(), backend);
        }
        return imageEncoder;
    }

    /** Builds the graph anew at every call; its constants stay in the model's files. */
    @Override
    public Graph decoder(int batch) {
        return imageDecoder.graph(batch);
    }

    /**
     * Draws a picture for every prompt. Picture i has the random stream of seed + i: it is what its prompt alone gives
     * with that seed, up to float rounding.
     *
     * @param steps network evaluations, from 1 to as many as the model's schedule has
     * @param guidanceScale w, at least 1, which is no guidance
     * @return one sample per prompt, in order
     * @throws IllegalArgumentException if there are no prompts, or steps or guidanceScale is out of range
     */
    public List<Sample> generate(List<String> prompts, int steps, double guidanceScale, long seed) {
        TensorData latents =
                latents(prompts, schedule(steps), guidanceScale, (row, k, size) -> RandomStreams.seeded(seed + row)
                        .at("generate")
                        .at(k)
                        .gaussians(size));
        return decode(prompts, latents);
    }

    /**
     * Draws a latent for every prompt along a schedule.
     *
     * @param schedule of this kind of model, see {@link #schedule(SamplingPlan)}
     * @param guidanceScale w, at least 1, which is no guidance
     * @return [B,C,h,w], as {@link #decode} takes them
     * @throws IllegalArgumentException if there are no prompts, or guidanceScale is out of range
     */
    public TensorData latents(List<String> prompts, Schedule schedule, double guidanceScale, Noise noise) {
        if (prompts.isEmpty()) {
            throw new IllegalArgumentException("there are no prompts; give at least one, which may be the empty text");
        }
        if (!(guidanceScale >= 1) || Double.isInfinite(guidanceScale)) {
            throw new IllegalArgumentException("guidanceScale must be at least 1 and finite, got " + guidanceScale);
        }
        ConsistencyModel network = network(guidanceScale);
        return samplers.computeIfAbsent(network, model -> new Sampler(model, backend))
                .sample(network.condition(prompts, guidanceScale), schedule, noise);
    }
}
