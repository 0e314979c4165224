package dev.rlcm.onnx.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rlcm.graph.Shape;
import dev.rlcm.io.AtomicFiles;
import dev.rlcm.mdp.DdimSchedule;
import dev.rlcm.mdp.FlowMatchSchedule;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.mdp.TrigFlowSchedule;
import dev.rlcm.onnx.ReadOptions;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A text-to-image model as Optimum and diffusers write it for ONNX: a folder with {@code model_index.json} and a folder
 * for every component. Opening checks that everything is there and reads the configurations, not the weights. Text encoders may be
 * missing until they are needed, see {@link PromptEmbeddings}.
 *
 * <p>Immutable; holds no resources.
 */
public final class ModelDirectory {
    private static final Logger log = LoggerFactory.getLogger(ModelDirectory.class);
    private static final String MODEL = "/model.onnx";
    private static final String CONFIG = "/config.json";
    private static final String FLOW_MATCHING = "FlowMatchEulerDiscreteScheduler";
    private static final String TRIGFLOW = "SCMScheduler";
    private static final String LAYOUT = "model_index.json, scheduler/ and a folder with model.onnx for every network";

    /** Where diffusers has the configuration that Optimum puts beside the decoder. */
    private static final String VAE_CONFIG = "vae" + CONFIG;

    private static final List<String> PARTS = 
            List.of("model_index.json", "scheduler", "vae_decoder", "vae_encoder", VAE_CONFIG);

    private final Path root;
    private final Path shared;
    private final ReadOptions reading;
    private final JsonFile index;
    private final Family family;
    private final JsonFile scheduler;
    private final JsonFile denoiserConfiguration;
    private final Optional<LatentSize> sampleSize;
    private final int latentScale;
    private final JsonFile vae;
    private final double scalingFactor;
    private final double shiftFactor;

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
        index = JsonFile.read(file(home("model_index.json"), "model_index.json"));
        family = Family.of(index);
        file(root, family.denoiser() + MODEL);
        file(home("vae_decoder"), "vae_decoder" + MODEL);
        scheduler = JsonFile.read(file(root, "scheduler/scheduler_config.json"));
        denoiserConfiguration = JsonFile.read(file(root, family.denoiser() + CONFIG));
        sampleSize = sampleSize(denoiserConfiguration);
        vae = vaeConfiguration();
        latentScale = 1 << (levels(vae) - 1);
        // Without it, diffusers' AutoencoderKL takes Stable Diffusion's 0.18215; a VAE with numbers by channel has no other.
        scalingFactor = vae.real("scaling_factor").orElse(ChannelScale.isByChannel(vae) ? 1 : 0.18215);
        shiftFactor = vae.real("shift_factor").orElse(0);
        if (!(scalingFactor > 0)) {
            throw vae.wrong("scaling_factor", "a positive number");
        }
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
        for (Path folder : List.of(root, shared)) {
            if (!Files.isDirectory(folder)) {
                throw new IllegalArgumentException((Files.exists(folder)
                                ? folder + " is a file, not a model directory"
                                : folder + " does not exist")
                        + "; expected a folder with " + LAYOUT + export(folder));
            }
        }
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
        return file(home(component), component + MODEL);
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
        return schedule(
                List.of("LCMScheduler"),
                !isFlowMatching() && !isTrigFlow(),
                "a latent consistency model's; LatentDiffusionModel loads a diffusion model",
                LatentConsistencySchedule::fromConfig);
    }

    /** The same of a diffusion model, with the noise of DDPO (eta 1). */
    public DdimSchedule ddimSchedule() {
        return schedule(
                List.of("DDIMScheduler", "PNDMScheduler"),
                !isFlowMatching() && !isTrigFlow(),
                "that of DDIM; LatentConsistencyModel loads a latent consistency model",
                DdimSchedule::fromConfig);
    }

    /** Whether the scheduler is one of flow matching. */
    public boolean isFlowMatching() {
        return FLOW_MATCHING.equals(schedulerName())
                || scheduler.flag("use_flow_sigmas").orElse(false);
    }

    /** Whether the scheduler is that of continuous-time consistency models. */
    public boolean isTrigFlow() {
        return TRIGFLOW.equals(schedulerName());
    }

    private String schedulerName() {
        return scheduler.text("_class_name").orElse("");
    }

    /** What loads models of the scheduler's kind. */
    private String loader() {
        return isTrigFlow()
                ? "TrigFlowModel"
                : isFlowMatching() ? "FlowMatchingModel" : "LatentConsistencyModel or LatentDiffusionModel";
    }

    /** The same of a continuous-time consistency model. */
    TrigFlowSchedule trigFlowSchedule() {
        return schedule(List.of(TRIGFLOW), isTrigFlow(), "", TrigFlowSchedule::fromConfig);
    }

    /** The same of a flow-matching model, for latents of a size, which its shift may depend on. */
    FlowMatchSchedule flowSchedule(LatentSize size) {
        int side = family.form().packing()
                * denoiserConfiguration.count("patch_size").orElse(1);
        int tokens = size.height() / side * (size.width() / side);
        return schedule(
                List.of(schedulerName()),
                isFlowMatching(),
                "",
                config -> FlowMatchSchedule.fromConfig(config, family.form().levels(), tokens));
    }

    /** @param isOfKind whether a scheduler of another name can be read so at all */
    private <T> T schedule(
            List<String> names, boolean isOfKind, String readAs, Function<Map<String, ?>, T> reader) {
        if (!isOfKind) {
            throw new IllegalArgumentException(scheduler.path() + " is of a "
                    + scheduler.text("_class_name").orElse("scheduler") + "; load the model by " + loader());
        }
        String name = scheduler.text("_class_name").orElse(names.get(0));
        if (!names.contains(name)) {
            log.warn("{} is of a {}; it is read as {}", scheduler.path(), name, readAs);
        }
        try {
            return reader.apply(scheduler.values());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(scheduler.path() + ": " + e.getMessage(), e);
        }
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
        if (height < 1 || width < 1 || height % latentScale != 0 || width % latentScale != 0) {
            throw new IllegalArgumentException("height and width must be positive multiples of " + latentScale
                    + ", got " + height + " x " + width);
        }
        return new LatentSize(height / latentScale, width / latentScale);
    }

    /** Pixels per latent, along each side; usually 8. */
    public int latentScale() {
        return latentScale;
    }

    /** What the VAE's latents were multiplied by for the denoiser. */
    public double scalingFactor() {
        return scalingFactor;
    }

    /** What was subtracted from the VAE's latents before that; usually 0. */
    public double shiftFactor() {
        return shiftFactor;
    }

    /** Both, and what the VAE has for each channel. */
    ChannelScale scaleOf(Shape latent) {
        return ChannelScale.of(vae, scalingFactor, shiftFactor, family.form().packing(), latent);
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
        for (Path part : List.of(root, shared)) {
            if (Files.exists(directory) && Files.isSameFile(directory, part)) {
                throw new IllegalArgumentException(
                        directory + " holds the model that would be copied there; give another directory");
            }
        }
        List<String> parts = new ArrayList<>(PARTS);
        parts.add(family.denoiser());
        texts().forEach(text -> parts.addAll(List.of(text.encoder(), text.tokenizer())));
        for (String part : parts) {
            Path from = home(part).resolve(part);
            if (Files.exists(from)) {
                copy(from, directory.resolve(part));
            }
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> tree = Files.walk(from)) {
            for (Path file : tree.filter(Files::isRegularFile).toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                AtomicFiles.write(target, out -> Files.copy(file, out));
            }
        }
    }

    private JsonFile vaeConfiguration() throws IOException {
        String ofDecoder = "vae_decoder" + CONFIG;
        boolean isElsewhere = !Files.exists(home(ofDecoder).resolve(ofDecoder));
        Path ofWhole = home(VAE_CONFIG).resolve(VAE_CONFIG);
        return JsonFile.read(
                isElsewhere && Files.exists(ofWhole) ? ofWhole : file(home("vae_decoder"), ofDecoder));
    }

    private static Path file(Path model, String name) throws IOException {
        Path file = model.resolve(name);
        if (Files.isRegularFile(file)) {
            return file;
        }
        if (holdsPyTorchWeights(file.toAbsolutePath().getParent())) {
            throw new IllegalArgumentException(model + " holds PyTorch weights, but no " + name
                    + "; only ONNX exports can be used." + export(model));
        }
        throw new IllegalArgumentException(
                model + " has no " + name + "; expected the layout that Optimum writes: " + LAYOUT + export(model));
    }

    private static boolean holdsPyTorchWeights(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .anyMatch(name -> name.endsWith(".safetensors") || name.endsWith(".bin") || name.endsWith(".ckpt"));
        }
    }

    private static String export(Path root) {
        Path name = root.toAbsolutePath().normalize().getFileName();
        return ". Export with: optimum-cli export onnx --model MODEL --task text-to-image "
                + (name == null ? "model" : name) + "-onnx";
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

    private static int levels(JsonFile vae) {
        String key = vae.has("encoder_block_out_channels") ? "encoder_block_out_channels" : "block_out_channels";
        JsonNode channels = vae.root().path(key);
        if (!channels.isArray() || channels.isEmpty() || channels.size() > 8) {
            throw vae.wrong(key, "a list of 1 to 8 channel counts");
        }
        return channels.size();
    }
}
