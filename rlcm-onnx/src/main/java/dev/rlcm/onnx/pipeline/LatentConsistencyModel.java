package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.lora.LoraSite;
import dev.rlcm.mdp.GuidanceEmbedding;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.onnx.pipeline.ModelDirectory.LatentSize;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import dev.rlcm.rewrite.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A latent consistency model (Luo et al., arXiv:2310.04378) from a {@link ModelDirectory}: text to pictures in 1 to 50
 * network evaluations. UNets of any width, with or without guidance embedding, float32, float16 or bfloat16, with one
 * timestep for the batch or one for each row, appear alike.
 *
 * <p>Thread-safe. Everything that holds much memory is owned by the backend: closing that closes the model.
 */
public final class LatentConsistencyModel implements ConsistencyModel {
    private final ModelDirectory directory;
    private final Backend backend;
    private final TextEncoder textEncoder;
    private final Denoiser denoiser;
    private final ImageDecoder imageDecoder;
    private final Sampler sampler;

    private LatentConsistencyModel(ModelDirectory directory, LatentSize size, Backend backend) throws IOException {
        this.directory = directory;
        this.backend = backend;
        this.textEncoder = TextEncoder.load(directory, backend);
        try {
            this.denoiser = Denoiser.open(directory, size, textEncoder.shape(), true);
            this.imageDecoder = ImageDecoder.open(directory, denoiser.latent(), backend);
            this.sampler = new Sampler(denoiser, backend);
        } catch (IOException | RuntimeException e) {
            textEncoder.close();
            throw e;
        }
    }

    /**
     * Loads a model for pictures of the size it was trained on.
     *
     * @throws IllegalArgumentException if the directory is not a model that can be used; the message names what is wrong
     *     with it and the remedy
     * @throws dev.rlcm.graph.GraphException if one of its ONNX files holds what is not supported
     */
    public static LatentConsistencyModel load(Path modelDirectory, Backend backend) throws IOException {
        ModelDirectory directory = ModelDirectory.open(modelDirectory);
        LatentSize size = directory
                .sampleSize()
                .orElseThrow(() -> new IllegalArgumentException(modelDirectory.resolve("unet/config.json")
                        + " has no sample_size; add it, or load the model for a height and width"));
        return new LatentConsistencyModel(directory, size, backend);
    }

    /**
     * Loads a model for pictures of another size.
     *
     * @param height in pixels, a multiple of the VAE's scale, usually 8
     * @param width in pixels, likewise
     * @see #load(Path, Backend)
     */
    public static LatentConsistencyModel load(Path modelDirectory, Backend backend, int height, int width)
            throws IOException {
        ModelDirectory directory = ModelDirectory.open(modelDirectory);
        int scale = directory.latentScale();
        if (height < 1 || width < 1 || height % scale != 0 || width % scale != 0) {
            throw new IllegalArgumentException(
                    "height and width must be positive multiples of " + scale + ", got " + height + " x " + width);
        }
        return new LatentConsistencyModel(directory, new LatentSize(height / scale, width / scale), backend);
    }

    private LatentConsistencyModel(LatentConsistencyModel other, Precision precision) {
        this.directory = other.directory;
        this.backend = other.backend;
        this.textEncoder = other.textEncoder;
        this.denoiser = other.denoiser.withPrecision(precision);
        this.imageDecoder = other.imageDecoder;
        this.sampler = new Sampler(denoiser, backend);
    }

    /**
     * The same model with its UNet computed in another precision than that of its weights, by sampler and trainer alike;
     * text encoder and VAE stay as they are. Adapters, latents and log-probabilities are FLOAT32 whatever it is.
     */
    public LatentConsistencyModel withPrecision(Precision precision) {
        return new LatentConsistencyModel(this, precision);
    }

    /** Where the model came from, and what its configurations say. */
    public ModelDirectory directory() {
        return directory;
    }

    /** The schedule that the model's configuration asks for. */
    public LatentConsistencySchedule schedule() {
        return directory.schedule();
    }

    /**
     * The policy of this model with a fresh adapter, which changes nothing yet; its initial draws have seed 0. Compiles a
     * graph, which takes memory until the policy or its backend is closed.
     *
     * @throws dev.rlcm.graph.GraphException if no layer matches the targets; the message lists the candidates
     * @throws IllegalArgumentException if the plan has more steps than the model was distilled on
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
        List<LoraSite> sites = LoraInjection.sites(denoiser(1), lora);
        return policy(LoraAdapter.initial(lora, sites, random.at("lora")), plan);
    }

    /**
     * The policy of this model with the given adapter, which it goes on sharing: another adapter of the same sites and rank
     * can be put into it by {@link LoraAdapter#assign}, without compiling again.
     */
    public ConsistencyPolicy policy(LoraAdapter adapter, SamplingPlan plan) {
        Schedule schedule = schedule()
                .withRule(plan.timestepRule())
                .withLastStep(plan.lastStep())
                .steps(plan.steps());
        return ConsistencyPolicy.of(this, schedule, plan, adapter, backend);
    }

    /**
     * Reads an adapter for this model, whichever tool wrote it.
     *
     * @throws IOException if the file is unreadable, damaged or of another model
     */
    public LoraAdapter adapter(Path file) throws IOException {
        return LoraAdapter.load(file, LoraInjection.sites(denoiser(1)));
    }

    @Override
    public Shape latentShape() {
        return denoiser.latent();
    }

    @Override
    public Graph denoiser(int batch) {
        return denoiser.graph(batch);
    }

    /**
     * {@inheritDoc}
     *
     * @param guidanceScale w, 1 is no guidance; a UNet without {@code timestep_cond} ignores it
     */
    @Override
    public List<Map<String, TensorData>> condition(List<String> prompts, double guidanceScale) {
        List<Map<String, TensorData>> rows = new ArrayList<>();
        Map<String, TensorData> guidance = guidance(guidanceScale);
        for (String prompt : prompts) {
            Map<String, TensorData> row = new LinkedHashMap<>(guidance);
            row.put(Denoiser.STATES, textEncoder.encode(prompt));
            rows.add(row);
        }
        return rows;
    }

    @Override
    public List<Sample> decode(List<String> prompts, TensorData latents) {
        return imageDecoder.decode(prompts, latents);
    }

    /**
     * Draws a picture for every prompt. Picture i has the random stream of seed + i: it is what its prompt alone gives
     * with that seed, up to float rounding.
     *
     * @param steps network evaluations, 1 to the number of steps the model was distilled on, usually 50
     * @param guidanceScale w, at least 1, which is no guidance; a UNet without {@code timestep_cond} ignores it
     * @return one sample per prompt, in order
     * @throws IllegalArgumentException if there are no prompts, or steps or guidanceScale is out of range
     */
    public List<Sample> generate(List<String> prompts, int steps, double guidanceScale, long seed) {
        return generate(prompts, steps, guidanceScale, (row, k) -> RandomStreams.seeded(seed + row)
                .at("generate")
                .at(k)
                .gaussians((int) latentShape().size()));
    }

    List<Sample> generate(List<String> prompts, int steps, double guidanceScale, Sampler.Noise noise) {
        return decode(prompts, latents(prompts, steps, guidanceScale, noise));
    }

    TensorData latents(List<String> prompts, int steps, double guidanceScale, Sampler.Noise noise) {
        if (prompts.isEmpty()) {
            throw new IllegalArgumentException("there are no prompts; give at least one, which may be the empty text");
        }
        if (!(guidanceScale >= 1) || Double.isInfinite(guidanceScale)) {
            throw new IllegalArgumentException("guidanceScale must be at least 1 and finite, got " + guidanceScale);
        }
        return sampler.sample(condition(prompts, guidanceScale), schedule().steps(steps), noise);
    }

    private Map<String, TensorData> guidance(double scale) {
        Map<String, TensorData> row = new LinkedHashMap<>();
        denoiser.guidanceDim()
                .ifPresent(dim ->
                        row.put(Denoiser.GUIDANCE, TensorData.floats(Shape.of(dim), GuidanceEmbedding.of(scale, dim))));
        return row;
    }
}
