package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.GuidanceEmbedding;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * An input of a denoiser besides the latents and the timestep, and where its rows come from. Exports call them by the same names in all
 * families, so that the table here says once what each of them is.
 *
 * @param name the input
 * @param row the shape of a row, without the batch
 * @param isOfPrompt whether the row differs from prompt to prompt
 * @param source gives the row, FLOAT32
 */
record ConditioningInput(String name, Shape row, boolean isOfPrompt, Source source) {
    /** Gives the row of a prompt. */
    @FunctionalInterface
    interface Source {
        TensorData row(String prompt, TextRows text, double guidanceScale);
    }

    /**
     * What the inputs of a network depend on.
     *
     * @param config the network's configuration
     * @param text the sizes of a prompt's states
     * @param classes what prompts mean to a model of classes
     * @param height of the pictures in pixels
     * @param width likewise
     */
    record Setting(OnnxComponent model, JsonFile config, TextShape text, ClassLabels classes, int height, int width) {}

    @FunctionalInterface
    private interface Maker {
        ConditioningInput make(String name, Setting setting);
    }

    static final String STATES = "encoder_hidden_states";
    static final String CLASSES = "class_labels";
    static final String GUIDANCE_EMBEDDING = "timestep_cond";

    private static final Map<String, Maker> KNOWN = new LinkedHashMap<>();

    static {
        KNOWN.put(STATES, (name, s) -> ofPrompt(name, s.text.states(), text -> text.states()));
        KNOWN.put("text_embeds", (name, s) -> ofPrompt(name, Shape.of(s.text.pooled()), text -> text.pooled()));
        KNOWN.put("pooled_projections", KNOWN.get("text_embeds"));
        KNOWN.put(
                "encoder_attention_mask",
                (name, s) -> ofPrompt(name, Shape.of(s.text.tokens()), text -> Optional.of(text.mask())));
        // Size and crop as the first training step saw them, then the size that is wanted (arXiv:2307.01952, section
        // 2.2).
        KNOWN.put("time_ids", (name, s) -> fixed(name, s.height, s.width, 0, 0, s.height, s.width));
        KNOWN.put("resolution", (name, s) -> fixed(name, s.height, s.width));
        KNOWN.put("aspect_ratio", (name, s) -> fixed(name, (float) s.height / s.width));
        KNOWN.put(
                CLASSES,
                (name, s) -> new ConditioningInput(
                        name,
                        Shape.SCALAR,
                        true,
                        (prompt, text, scale) -> TensorData.floats(Shape.SCALAR, s.classes.of(prompt))));
        KNOWN.put(GUIDANCE_EMBEDDING, ConditioningInput::embeddedGuidance);
        KNOWN.put("guidance", ConditioningInput::guidance);
    }

    /**
     * The inputs of a network, in the order of its file.
     *
     * @param others those that are not of this kind
     * @throws IllegalArgumentException if one is of unknown meaning, or its shape is not what would be fed to it
     */
    static List<ConditioningInput> of(Setting setting, List<String> others) {
        List<ConditioningInput> inputs = new ArrayList<>();
        for (String name : setting.model.inputs()) {
            if (others.contains(name)) {
                continue;
            }
            Maker maker = KNOWN.get(name);
            boolean isForeign = name.equals(CLASSES) && setting.text.tokens() > 0;
            if (maker == null || isForeign) {
                throw new IllegalArgumentException(setting.model.path() + " has the input " + name
                        + ", to which nothing is known to be fed; known are " + new TreeSet<>(KNOWN.keySet()) + " and "
                        + others + ", as in exports by Optimum");
            }
            inputs.add(maker.make(name, setting));
        }
        return inputs;
    }

    /** The names of all inputs that are known. */
    static Set<String> known() {
        return KNOWN.keySet();
    }

    private static ConditioningInput ofPrompt(String name, Shape row, Function<TextRows, Optional<TensorData>> part) {
        return new ConditioningInput(
                name, row, true, (prompt, text, scale) -> part.apply(text).orElseThrow());
    }

    private static ConditioningInput fixed(String name, float... values) {
        TensorData row = TensorData.floats(Shape.of(values.length), values);
        return new ConditioningInput(name, row.shape(), false, (prompt, text, scale) -> row);
    }

    private static ConditioningInput embeddedGuidance(String name, Setting setting) {
        int configured = setting.config.count("time_cond_proj_dim").orElse(OnnxComponent.ANY);
        int dim = setting.model
                .bind(name, setting.model.dim(name, 0).orElse(1), configured)
                .dim(1);
        return new ConditioningInput(
                name,
                Shape.of(dim),
                false,
                (prompt, text, scale) -> TensorData.floats(Shape.of(dim), GuidanceEmbedding.of(scale, dim)));
    }

    private static ConditioningInput guidance(String name, Setting setting) {
        double factor = setting.config.real("guidance_embeds_scale").orElse(1);
        return new ConditioningInput(
                name,
                Shape.SCALAR,
                false,
                (prompt, text, scale) -> TensorData.floats(Shape.SCALAR, (float) (scale * factor)));
    }
}
