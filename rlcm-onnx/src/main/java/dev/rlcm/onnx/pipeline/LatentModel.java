package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraFormat;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.lora.LoraSite;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.mdp.ScheduleRule;
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
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A text-to-image model from a {@link ModelDirectory}: text encoders, a denoiser and a VAE. One that works on pixels has no VAE: its
 * latents are the pictures, in [-1, 1]. Kinds differ in the schedule and in how
 * guidance is done; families, such as Stable Diffusion 1.5, XL and 3, FLUX or SANA, in what a network is fed with, which the model's own files
 * say. Policies, adapters and pictures are the same for all.
 *
 * <p>Thread-safe. Everything that holds much memory is owned by the backend: closing that closes the model.
 */
public abstract sealed class LatentModel implements ConsistencyModel
        permits LatentConsistencyModel, LatentDiffusionModel, FlowMatchingModel, TrigFlowModel, PixelConsistencyModel {
    private static final Logger log = LoggerFactory.getLogger(LatentModel.class);

    final Denoiser denoiser;
    final PromptEncoder texts;
    final LatentSize size;
    private final ModelDirectory directory;
    private final Backend backend;
    private final ImageDecoder imageDecoder;
    private final Network plain;
    private final Network guided;
    private @Nullable ImageEncoder imageEncoder;
    private final Map<ConsistencyModel, Sampler> samplers = new ConcurrentHashMap<>();

    LatentModel(ModelDirectory directory, PipelineOptions options, Backend backend) throws IOException {
        this.size = options.height().isPresent()
                ? directory.size(options.height().getAsInt(), options.width().getAsInt())
                : directory.trainedSize();
        this.directory = directory;
        this.backend = backend;
        this.texts = PromptEncoder.load(directory, options, backend);
        try {
            Denoiser stored = Denoiser.open(directory, size, texts.shape(), true);
            this.denoiser = options.precision().map(stored::withPrecision).orElse(stored);
            this.imageDecoder = ImageDecoder.open(directory, denoiser.latent(), backend);
        } catch (IOException | RuntimeException e) {
            texts.close();
            throw e;
        }
        this.plain = Network.plain(this);
        this.guided = Network.guided(this);
    }

    /** The other model with another denoiser. */
    LatentModel(LatentModel other, Denoiser denoiser) {
        this.size = other.size;
        this.directory = other.directory;
        this.backend = other.backend;
        this.texts = other.texts;
        this.denoiser = denoiser;
        this.imageDecoder = other.imageDecoder;
        this.plain = Network.plain(this);
        this.guided = Network.guided(this);
    }

    /** The schedules that the model's configuration asks for. */
    public abstract ScheduleRule schedule();

    /**
     * The steps that a policy with that plan takes.
     *
     * @throws IllegalArgumentException if the plan has more steps than the model's schedule
     */
    public Schedule schedule(SamplingPlan plan) {
        return schedule().steps(plan.steps());
    }

    /** Whether guidance is classifier-free, a second evaluation of the network; else it is an input, or part of its weights. */
    abstract boolean isGuided();

    /** The network that is evaluated for a guidance scale; the same one at every call. */
    Network network(double guidanceScale) {
        return isGuided() && guidanceScale != 1 ? guided : plain;
    }

    private Network own() {
        return isGuided() ? guided : plain;
    }

    /** What the text encoders' part of the negative prompt is, which is the empty text. */
    TextRows negativeText() {
        TextRows empty = texts.encode("");
        return directory.zeroesEmptyPrompt() ? empty.zeroed() : empty;
    }

    /** The denoiser; with classifier-free guidance, which evaluates it on 2B rows for B, if the model is guided so. */
    @Override
    public Graph denoiser(int batch) {
        return own().denoiser(batch);
    }

    /**
     * {@inheritDoc}
     *
     * @param guidanceScale w, 1 is no guidance; a model that has guidance in its weights ignores it
     */
    @Override
    public List<Map<String, TensorData>> condition(List<String> prompts, double guidanceScale) {
        return own().condition(prompts, guidanceScale);
    }

    /**
     * The names of the denoiser's weights that {@link #denoiser} has as constants, those of its file: all that whole-model training can
     * change. Meant for a model that was made trainable.
     *
     * @throws IOException if the file cannot be read
     */
    public Set<String> weights() throws IOException {
        Set<String> names = new LinkedHashSet<>(OnnxModels.weightNames(directory.denoiser()));
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
        return policy(LoraAdapter.initial(named(lora), sites, random.at("lora")), plan);
    }

    /**
     * The policy of this model with the given adapter, which it goes on sharing: another adapter of the same sites and rank
     * can be put into it by {@link LoraAdapter#assign}, without compiling again.
     */
    public ConsistencyPolicy policy(LoraAdapter adapter, SamplingPlan plan) {
        RolloutPlan rollout = plan.rollout();
        return ConsistencyPolicy.of(network(rollout.guidanceScale()), schedule(plan), rollout, adapter, backend);
    }

    /** With the denoiser's name, by which adapter files call it. */
    private LoraConfig named(LoraConfig lora) {
        return lora.withComponent(directory.family().denoiser());
    }

    private LoraAdapter named(LoraAdapter adapter) {
        return adapter.withComponent(directory.family().denoiser());
    }

    /**
     * Reads an adapter for this model's denoiser, whichever tool wrote it. What the file has for text encoders they take when the model
     * is loaded, see {@link PipelineOptions#withTextAdapter}; otherwise a warning says that it is left out.
     *
     * @throws IOException if the file is unreadable, damaged or of another model
     */
    public LoraAdapter adapter(Path file) throws IOException {
        warnOfOtherTexts(file);
        return named(LoraAdapter.load(file, LoraInjection.sites(denoiser.graph(1))));
    }

    /** As {@link #adapter(Path)}, with an alpha that replaces the file's, see {@link LoraAdapter#load(Path, List, double)}. */
    public LoraAdapter adapter(Path file, double alpha) throws IOException {
        warnOfOtherTexts(file);
        return named(LoraAdapter.load(file, LoraInjection.sites(denoiser.graph(1)), alpha));
    }

    private void warnOfOtherTexts(Path file) throws IOException {
        int left = LoraAdapter.textEncoderKeys(file).size();
        if (left > 0 && !texts.adapters().file().equals(Optional.of(file))) {
            log.warn(
                    "{}: its {} tensors for text encoders are left out; load the model with"
                            + " PipelineOptions.withTextAdapter of this file",
                    file,
                    left);
        }
    }

    /**
     * Writes an adapter of this model's denoiser, with what the text encoders were loaded with ({@link PipelineOptions#withTextAdapter}),
     * atomically. Without such, the same as {@link LoraAdapter#save(Path, LoraFormat)}.
     *
     * @throws IllegalArgumentException if the model has embeddings in place of the text encoders that have an adapter, or the format
     *     holds one network only
     */
    public void saveAdapter(LoraAdapter adapter, Path file, LoraFormat format) throws IOException {
        TextAdapters adapters = texts.adapters();
        if (!adapters.isEmpty() && adapters.loaded().isEmpty()) {
            throw new IllegalArgumentException("what " + adapters.file().orElseThrow()
                    + " has for text encoders is not loaded, since the model has embeddings in their place; load it with"
                    + " text encoders to write " + file);
        }
        named(adapter).save(file, format, adapters.loaded());
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
        return decode(prompts, latents(prompts, schedule().steps(steps), guidanceScale, noise(seed)));
    }

    /**
     * What {@link #generate} draws, for a policy that is to begin at the same noise. Each picture has a seed of its own, one more than the
     * picture before it.
     */
    public static Noise noise(long seed) {
        return (row, k, size) ->
                RandomStreams.seeded(seed + row).at("generate").at(k).gaussians(size);
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
