package dev.rlcm.onnx.pipeline;

import dev.rlcm.lora.LoraComponent;
import dev.rlcm.mdp.FlowLevels;
import dev.rlcm.onnx.pipeline.TextSource.Layer;
import dev.rlcm.onnx.pipeline.TextSource.Use;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What sets one family of models apart from the others, as data; the rest is read from a model's own configurations. To add a family
 * is to add a row, see CONTRIBUTING. Immutable.
 *
 * @param name as people call it
 * @param pipelines what the class names of its pipelines in {@code model_index.json} contain; Optimum puts {@code ORT} before diffusers'
 * @param denoiser the folder of its network, which is also what adapter files call it
 * @param texts its text encoders
 * @param form how its network is fed
 * @param isClassifierFree whether diffusion and flow models of the family need a second evaluation for guidance; others have it
 *     distilled into them
 */
public record Family(
        String name,
        List<String> pipelines,
        String denoiser,
        List<TextSource> texts,
        Form form,
        boolean isClassifierFree) {
    private static final String UNET = "unet";
    private static final String TRANSFORMER = "transformer";

    /**
     * How a network is fed.
     *
     * @param timestepScale the factor on a schedule's timestep
     * @param packing 2 if 2 x 2 latents with their channels are one token [B, h w / 4, 4 C], 1 if latents are [B, C, h, w]
     * @param size height and width of the latents where the configuration names none, 0 if it must
     * @param levels the noise levels that the family's pipeline asks for, of flow-matching models
     * @param hasVariance whether the network gives a variance after the noise, which no step needs
     * @param isOfPixels whether latents are the pictures themselves, so that there is no VAE
     */
    public record Form(
            double timestepScale, int packing, int size, FlowLevels levels, boolean hasVariance, boolean isOfPixels) {
        private static final Form USUAL = new Form(1, 1, 0, FlowLevels.TRAINED, false, false);
        private static final Form WITH_VARIANCE = new Form(1, 1, 0, FlowLevels.TRAINED, true, false);
        private static final Form PIXELS = new Form(1, 1, 0, FlowLevels.TRAINED, false, true);
    }

    /** That of pipelines without a known name. */
    static final Family STABLE_DIFFUSION = new Family(
            "Stable Diffusion 1.5",
            List.of("StableDiffusionPipeline", "LatentConsistencyModelPipeline"),
            UNET,
            List.of(TextSource.of("text_encoder", Layer.LAST)),
            Form.USUAL,
            true);

    /** Every family. The first that fits is meant. */
    private static final List<Family> ALL = List.of(
            new Family(
                    "Stable Diffusion XL",
                    List.of("StableDiffusionXL"),
                    UNET,
                    List.of(
                            TextSource.of("text_encoder", Layer.PENULTIMATE),
                            TextSource.of("text_encoder_2", Layer.PENULTIMATE, Use.POOLED)),
                    Form.USUAL,
                    true),
            new Family(
                    "Stable Diffusion 3",
                    List.of("StableDiffusion3"),
                    TRANSFORMER,
                    List.of(
                            TextSource.of("text_encoder", Layer.PENULTIMATE, Use.POOLED),
                            TextSource.of("text_encoder_2", Layer.PENULTIMATE, Use.POOLED),
                            TextSource.of("text_encoder_3", Layer.LAST, Use.NEW_TOKENS, Use.OPTIONAL)
                                    .withTokens(256)),
                    Form.USUAL,
                    true),
            new Family(
                    "FLUX.1",
                    List.of("FluxPipeline"),
                    TRANSFORMER,
                    List.of(
                            TextSource.of("text_encoder", Layer.NONE, Use.POOLED),
                            TextSource.of("text_encoder_2", Layer.LAST).withTokens(512)),
                    new Form(0.001, 2, 128, FlowLevels.UNIFORM, false, false),
                    false),
            new Family(
                    "FLUX.2 klein",
                    List.of("Flux2Klein"),
                    TRANSFORMER,
                    List.of(TextSource.of("text_encoder", Layer.QUARTERS, Use.MASKED)
                            .withTokens(512)
                            .within(
                                    "<|im_start|>user\n",
                                    "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n")),
                    new Form(0.001, 2, 128, FlowLevels.UNIFORM_EMPIRICAL, false, false),
                    true),
            new Family("PixArt-alpha", List.of("PixArtAlpha"), TRANSFORMER, t5(120), Form.WITH_VARIANCE, true),
            new Family("PixArt-Sigma", List.of("PixArtSigma"), TRANSFORMER, t5(300), Form.WITH_VARIANCE, true),
            new Family("SANA", List.of("SanaPipeline"), TRANSFORMER, instructed(300), Form.USUAL, true),
            new Family("SANA-Sprint", List.of("SanaSprintPipeline"), TRANSFORMER, instructed(300), Form.USUAL, false),
            STABLE_DIFFUSION,
            new Family(
                    "consistency models of pixels",
                    List.of("ConsistencyModelPipeline"),
                    UNET,
                    List.of(),
                    Form.PIXELS,
                    false));

    /** A single T5 that is told what is padding. */
    private static List<TextSource> t5(int tokens) {
        return List.of(TextSource.of("text_encoder", Layer.LAST, Use.MASKED, Use.LOWER_CASE)
                .withTokens(tokens));
    }

    /** A single language model that reads an instruction before the prompt. */
    private static List<TextSource> instructed(int tokens) {
        return List.of(TextSource.of("text_encoder", Layer.LAST, Use.MASKED, Use.LOWER_CASE, Use.INSTRUCTED)
                .withTokens(tokens));
    }

    /**
     * The family of a model.
     *
     * @param index its {@code model_index.json}
     * @throws IllegalArgumentException if it is of none that is known
     */
    public static Family of(JsonFile index) {
        String pipeline = index.text("_class_name").orElse("");
        Family family = ALL.stream()
                .filter(each -> each.pipelines.stream().anyMatch(pipeline::contains))
                .findFirst()
                .orElse(STABLE_DIFFUSION);
        for (String component : List.of("text_encoder_2", TRANSFORMER, "prior", "image_encoder")) {
            if (family == STABLE_DIFFUSION && hasComponent(index, component)) {
                throw new IllegalArgumentException(index.path() + " is of a "
                        + (pipeline.isEmpty() ? "pipeline" : pipeline) + " with a " + component
                        + ", which is not supported; supported are "
                        + ALL.stream().map(Family::name).collect(Collectors.joining(", "))
                        + ". Import the network with OnnxModels and implement ConsistencyModel around it");
            }
        }
        return family;
    }

    /** Whether a pipeline has that component; one that was left out is listed as null. */
    static boolean hasComponent(JsonFile index, String component) {
        return index.has(component) && !index.root().get(component).path(0).isNull();
    }

    /** What adapter files call one of its text encoders. kohya's tools number several, and T5 is always the third. */
    LoraComponent component(TextSource text) {
        if (texts.size() == 1) {
            return new LoraComponent(text.encoder(), List.of("lora_te", "lora_te1"));
        }
        int number = text.layer() == Layer.LAST ? 3 : texts.indexOf(text) + 1;
        return new LoraComponent(
                text.encoder(), number == 1 ? List.of("lora_te1", "lora_te") : List.of("lora_te" + number));
    }

    /** Those of its text encoders that a model has. */
    public List<TextSource> texts(JsonFile index) {
        return texts.stream()
                .filter(text -> !text.is(Use.OPTIONAL) || hasComponent(index, text.encoder()))
                .toList();
    }
}
