package dev.rlcm.onnx.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rlcm.graph.Shape;
import dev.rlcm.mdp.DdimSchedule;
import dev.rlcm.mdp.FlowMatchSchedule;
import dev.rlcm.mdp.KarrasSchedule;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.mdp.TrigFlowSchedule;
import dev.rlcm.onnx.ReadOptions;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A text-to-image model as Optimum and diffusers write it for ONNX: a folder with {@code model_index.json} and a folder
 * for every component. Opening checks that everything is there and reads the configurations, not the weights. Text encoders may be
 * missing until they are needed, see {@link PromptEmbeddings}.
 *
 * <p>Immutable; holds no resources.
 */
public final class ModelDirectory {
    /** The network of a component. */
    static final String MODEL = "/model.onnx";

    private static final String CONFIG = "/config.json";

    /** Where diffusers has the configuration that Optimum puts beside the decoder. */
    private static final String VAE_CONFIG = "vae" + CONFIG;

    private static final String INDEX = "model_index.json";

    private static final List<String> PARTS =
            List.of("scheduler", "vae_decoder", "vae_encoder", VAE_CONFIG, ClassLabels.MAP_FILE, ClassLabels.LINES);

    private final Path root;
    private final Path shared;
    private final ReadOptions reading;
    private final JsonFile index;
    private final Family family;
    private final SchedulerFile scheduler;
    private final JsonFile denoiserConfiguration;
    private final Optional<LatentSize> sampleSize;
    /** The VAE's configuration; without keys if there is no VAE. */
    private final JsonFile vae;

    private final LatentScale scale;

    /**
     * Height and width of the latents.
     *
     * @param height rows
     * @param width columns
     */
    public record LatentSize(int height, int width) {}

    private ModelDirectory(Path root, Path shared, ReadOptions reading) throws IOException {
        this.root = root;
        this.shared = shared;
        this.reading = reading;
        index = JsonFile.read(ExportedFiles.require(home(INDEX), INDEX));
        family = Family.of(index);
        String denoiser = family.denoiser() + MODEL;
        if (isOfPixels()) {
            ExportedFiles.require(root, denoiser, PixelConsistencyModel.EXPORT);
        } else {
            ExportedFiles.require(root, denoiser);
        }
        scheduler = new SchedulerFile(
                root, family, JsonFile.read(ExportedFiles.require(root, "scheduler/scheduler_config.json")));
        denoiserConfiguration = JsonFile.read(ExportedFiles.require(root, family.denoiser() + CONFIG));
        sampleSize = sampleSize(denoiserConfiguration);
        vae = isOfPixels() ? JsonFile.empty(root.resolve(VAE_CONFIG)) : vaeConfiguration();
        scale = isOfPixels() ? LatentScale.OF_PIXELS : LatentScale.of(vae);
    }

    private JsonFile vaeConfiguration() throws IOException {
        ExportedFiles.require(home("vae_decoder"), "vae_decoder" + MODEL);
        String ofDecoder = "vae_decoder" + CONFIG;
        boolean isElsewhere = !Files.exists(home(ofDecoder).resolve(ofDecoder));
        Path ofWhole = home(VAE_CONFIG).resolve(VAE_CONFIG);
        return JsonFile.read(
                isElsewhere && Files.exists(ofWhole) ? ofWhole : ExportedFiles.require(home("vae_decoder"), ofDecoder));
    }

    /**
     * Checks a model's folder.
     *
     * @throws IllegalArgumentException if a part is missing, damaged or of a kind that is not supported; the message
     *     names it and says what to do
     */
    public static ModelDirectory open(Path root) throws IOException {
        return open(root, root);
    }

    /**
     * Checks the folder of a model that has parts in common with another, such as a UNet that was trained or distilled
     * between the same text encoder and VAE.
     *
     * @param root holds {@code scheduler/} and the denoiser, {@code unet/} or {@code transformer/}
     * @param shared holds the components that {@code root} lacks
     * @see #open(Path)
     */
    public static ModelDirectory open(Path root, Path shared) throws IOException {
        return open(root, shared, ReadOptions.defaults());
    }

    /**
     * As {@link #open(Path, Path)}.
     *
     * @param reading how the networks are read; the paths are those of the denoiser's layers
     */
    public static ModelDirectory open(Path root, Path shared, ReadOptions reading) throws IOException {
        ExportedFiles.requireFolder(root);
        ExportedFiles.requireFolder(shared);
        return new ModelDirectory(root, shared, reading);
    }

    public Path root() {
        return root;
    }

    /** How the denoiser is read. */
    public ReadOptions reading() {
        return reading;
    }

    /** How the other networks are read, which have no adapters. */
    ReadOptions readingWithoutPaths() {
        return reading.withPaths(Map.of());
    }

    Family family() {
        return family;
    }

    /** The text encoders that the model has. */
    List<TextSource> texts() {
        return family.texts(index);
    }

    /** The sizes of the zeros that stand for a text encoder that the model does without. */
    Optional<TextShape> absentText() {
        return family.texts().stream()
                .filter(text -> !texts().contains(text))
                .findFirst()
                .map(text -> TextShape.ofAbsent(text, denoiserConfiguration));
    }

    /** Whether the model works on pixels, so that it has no VAE: {@link PixelConsistencyModel}. */
    public boolean isOfPixels() {
        return family.form().isOfPixels();
    }

    /** What prompts mean to a model of classes; of one without any if it has none. */
    ClassLabels classes() throws IOException {
        return ClassLabels.read(index, denoiserConfiguration);
    }

    /** Whether an empty negative prompt means zeros, not what the encoders make of it. */
    boolean zeroesEmptyPrompt() {
        return index.flag("force_zeros_for_empty_prompt").orElse(false);
    }

    /** The first tokenizer. */
    public Path tokenizer() {
        return folder("tokenizer");
    }

    /**
     * The first text encoder.
     *
     * @throws IllegalArgumentException if it is missing
     */
    public Path textEncoder() throws IOException {
        return encoder("text_encoder");
    }

    /** A text encoder's file, which must be there. */
    Path encoder(String component) throws IOException {
        return ExportedFiles.require(home(component), component + MODEL);
    }

    /** The most tokens the first text encoder has positions for, {@code Integer.MAX_VALUE} if it does not say. */
    public int maxTokens() throws IOException {
        return configurationOrEmpty("text_encoder")
                .count("max_position_embeddings")
                .orElse(Integer.MAX_VALUE);
    }

    /** The network that is adapted: {@code unet/model.onnx} or {@code transformer/model.onnx}. */
    public Path denoiser() {
        return root.resolve(family.denoiser() + MODEL);
    }

    public Path vaeDecoder() {
        return model("vae_decoder");
    }

    Path folder(String component) {
        return home(component).resolve(component);
    }

    Path model(String component) {
        return home(component).resolve(component + MODEL);
    }

    JsonFile denoiserConfiguration() {
        return denoiserConfiguration;
    }

    /** A component's configuration; one without keys if it has none. */
    JsonFile configurationOrEmpty(String component) throws IOException {
        return JsonFile.readIfPresent(home(component).resolve(component + CONFIG));
    }

    /** The encoder of pictures, which generating does not need. */
    public Optional<Path> vaeEncoder() {
        return Optional.of(home("vae_encoder").resolve("vae_encoder/model.onnx"))
                .filter(Files::isRegularFile);
    }

    /**
     * What {@code scheduler/scheduler_config.json} says about noise and timesteps of a latent consistency model.
     *
     * @throws IllegalArgumentException if it asks for what is not supported; the message names file and value
     */
    public LatentConsistencySchedule schedule() {
        return scheduler.latentConsistency();
    }

    /** The same of a diffusion model, with the noise of DDPO (eta 1). */
    public DdimSchedule ddimSchedule() {
        return scheduler.ddim();
    }

    /** Whether the scheduler is one of flow matching. */
    public boolean isFlowMatching() {
        return scheduler.isFlowMatching();
    }

    /** Whether the scheduler is that of continuous-time consistency models. */
    public boolean isTrigFlow() {
        return scheduler.isTrigFlow();
    }

    /** The same of a continuous-time consistency model. */
    TrigFlowSchedule trigFlowSchedule() {
        return scheduler.trigFlow();
    }

    /** The same of a flow-matching model, for latents of a size, which its shift may depend on. */
    FlowMatchSchedule flowSchedule(LatentSize size) {
        int side = family.form().packing()
                * denoiserConfiguration.count("patch_size").orElse(1);
        return scheduler.flow(size.height() / side * (size.width() / side));
    }

    /** The same of a consistency model that works on pixels. */
    KarrasSchedule karrasSchedule() {
        return scheduler.karras();
    }

    /** The latents the denoiser was trained on, if its configuration says. */
    Optional<LatentSize> sampleSize() {
        return sampleSize;
    }

    /** The latents of the trained size. */
    LatentSize trainedSize() {
        return sampleSize.orElseThrow(() -> new IllegalArgumentException(denoiserConfiguration.path()
                + " has no sample_size; add it, or load the model for a height and width"));
    }

    /** The latents of pictures of a size in pixels. */
    LatentSize size(int height, int width) {
        int pixels = scale.pixels();
        if (height < 1 || width < 1 || height % pixels != 0 || width % pixels != 0) {
            throw new IllegalArgumentException(
                    "height and width must be positive multiples of " + pixels + ", got " + height + " x " + width);
        }
        return new LatentSize(height / pixels, width / pixels);
    }

    /** Pixels per latent, along each side; usually 8, 1 without a VAE. */
    public int latentScale() {
        return scale.pixels();
    }

    /** What the VAE's latents were multiplied by for the denoiser. */
    public double scalingFactor() {
        return scale.factor();
    }

    /** What was subtracted from the VAE's latents before that; usually 0. */
    public double shiftFactor() {
        return scale.shift();
    }

    /** Both, with what the VAE has for each channel. */
    ChannelScale scaleOf(Shape latent) {
        return ChannelScale.of(vae, scale, family.form().packing(), latent);
    }

    /** Whether guidance takes a second evaluation: it does not if the family or this model has it distilled. */
    boolean isClassifierFree() {
        return family.isClassifierFree() && !index.flag("is_distilled").orElse(false);
    }

    /** The model that a component is in. */
    Path home(String component) {
        return Files.exists(root.resolve(component)) ? root : shared;
    }

    /**
     * Copies all that the model consists of, each file atomically, into another directory, which then shares nothing.
     *
     * @param directory made if need be; files that are there are replaced
     * @throws IllegalArgumentException if the model lies there itself
     * @throws IOException if a file cannot be read or written
     */
    public void copyTo(Path directory) throws IOException {
        copyTo(directory, Set.of());
    }

    /**
     * As {@link #copyTo(Path)}.
     *
     * @param withoutWeights components, denoiser or text encoders, of which the configuration alone is copied
     */
    void copyTo(Path directory, Set<String> withoutWeights) throws IOException {
        for (Path part : List.of(root, shared)) {
            ModelFiles.requireElsewhere(directory, part);
        }
        List<String> parts = new ArrayList<>(PARTS);
        parts.add(family.denoiser());
        texts().forEach(text -> parts.addAll(List.of(text.encoder(), text.tokenizer())));
        parts.replaceAll(part -> withoutWeights.contains(part) ? part + CONFIG : part);
        parts.add(INDEX); // last: without it a directory is no model
        for (String part : parts) {
            Path from = home(part).resolve(part);
            if (Files.exists(from)) {
                ModelFiles.copy(from, directory.resolve(part), file -> true);
            }
        }
    }

    /**
     * Copies the denoising network, its weights and configuration, into another model's directory, in place of what is there.
     *
     * @throws IOException if a file cannot be read or written
     */
    public void copyDenoiserTo(Path directory) throws IOException {
        ModelFiles.copy(folder(family.denoiser()), directory.resolve(family.denoiser()), file -> true);
    }

    private Optional<LatentSize> sampleSize(JsonFile unet) {
        JsonNode size = unet.root().path("sample_size");
        if (size.isMissingNode() || size.isNull()) {
            int usual = family.form().size();
            return usual == 0 ? Optional.empty() : Optional.of(new LatentSize(usual, usual));
        }
        JsonNode height = size.isArray() ? size.path(0) : size;
        JsonNode width = size.isArray() ? size.path(1) : size;
        boolean valid = height.canConvertToInt() && width.canConvertToInt() && (!size.isArray() || size.size() == 2);
        if (!valid || height.intValue() < 1 || width.intValue() < 1) {
            throw unet.wrong("sample_size", "a positive integer or [height, width]");
        }
        return Optional.of(new LatentSize(height.intValue(), width.intValue()));
    }
}
