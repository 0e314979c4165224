package dev.rlcm.lora;

import dev.rlcm.lora.OriginalNames.Place;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What layers of Stable Diffusion 3 and 3.5 are called in the code that it was first published with, whose names kohya's tools take, see
 * {@link OriginalNames}. A block there has a part for the picture, {@code x_block}, and one for the text, {@code context_block}.
 */
final class StableDiffusion3Names {
    private static final Map<String, String> OUTSIDE = Map.of(
            "pos_embed.proj", "x_embedder.proj",
            "context_embedder", "context_embedder",
            "time_text_embed.timestep_embedder.linear_1", "t_embedder.mlp.0",
            "time_text_embed.timestep_embedder.linear_2", "t_embedder.mlp.2",
            "time_text_embed.text_embedder.linear_1", "y_embedder.mlp.0",
            "time_text_embed.text_embedder.linear_2", "y_embedder.mlp.2",
            "norm_out.linear", "final_layer.adaLN_modulation.1",
            "proj_out", "final_layer.linear");
    private static final Map<String, Place> INSIDE = new LinkedHashMap<>();
    private static final Pattern BLOCK = Pattern.compile("transformer_blocks\\.(\\d+)\\.(.+)");

    static {
        addAttention("x_block.attn.", "attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0");
        addAttention("x_block.attn2.", "attn2.to_q", "attn2.to_k", "attn2.to_v", "attn2.to_out.0");
        addAttention("context_block.attn.", "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj", "attn.to_add_out");
        addRest("x_block.", "ff", "norm1");
        addRest("context_block.", "ff_context", "norm1_context");
    }

    private StableDiffusion3Names() {}

    private static void addAttention(String original, String query, String key, String value, String output) {
        List<String> joined = List.of(query, key, value);
        joined.forEach(path -> INSIDE.put(path, new Place(original + "qkv", joined.indexOf(path), joined.size())));
        INSIDE.put(output, new Place(original + "proj"));
    }

    private static void addRest(String original, String feedForward, String norm) {
        INSIDE.put(feedForward + ".net.0.proj", new Place(original + "mlp.fc1"));
        INSIDE.put(feedForward + ".net.2", new Place(original + "mlp.fc2"));
        INSIDE.put(norm + ".linear", new Place(original + "adaLN_modulation.1"));
    }

    /** The layer of the original that a path is, or is a part of; empty if it has none that is known. */
    static Optional<Place> of(String path) {
        Matcher block = BLOCK.matcher(path);
        if (block.matches()) {
            return Optional.ofNullable(INSIDE.get(block.group(2)))
                    .map(part -> part.inside("joint_blocks." + block.group(1) + "."));
        }
        return Optional.ofNullable(OUTSIDE.get(path)).map(Place::new);
    }

    /**
     * Whether the rows of a layer have another order in the original: a modulation of scale and shift alone, as that before the output and
     * that of the text in the last block, has the shift first there, and the scale first in diffusers.
     */
    static boolean swapsHalves(LoraSite site) {
        return site.path().equals("norm_out.linear")
                || (site.path().endsWith(".norm1_context.linear") && site.out() == 2 * site.in());
    }
}
