package dev.rlcm.lora;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * What layers are called in the code that a model was first published with, by the paths that diffusers gave them. kohya's tools take
 * these names for Stable Diffusion XL, whose UNet is of the repository "generative-models" (SGM), for FLUX and for Stable Diffusion 3 ({@link
 * StableDiffusion3Names}). Where the original has one
 * layer for several of diffusers', such as queries, keys and values, they are its rows in the order of their places here.
 */
final class OriginalNames {
    /**
     * Where a path is in the original.
     *
     * @param name the original's layer
     * @param place which of its parts the path is, from 0
     * @param parts how many parts it has
     */
    record Place(String name, int place, int parts) {
        /** Of a layer that is one in the original too. */
        Place(String name) {
            this(name, 0, 1);
        }

        Place inside(String block) {
            return new Place(block + name, place, parts);
        }
    }

    private static final int PER_LEVEL =
            3; // two layers and a sampler on each level of the UNet, as kohya's tools assume

    private static final Map<String, String> UNET = Map.of(
            "conv_in", "input_blocks.0.0",
            "conv_out", "out.2",
            "time_embedding.linear_1", "time_embed.0",
            "time_embedding.linear_2", "time_embed.2",
            "add_embedding.linear_1", "label_emb.0.0",
            "add_embedding.linear_2", "label_emb.0.2");
    private static final Map<String, String> RESNET = Map.of(
            "conv1", "in_layers.2",
            "time_emb_proj", "emb_layers.1",
            "conv2", "out_layers.3",
            "conv_shortcut", "skip_connection");
    private static final Map<String, Place> JOINT = new LinkedHashMap<>();
    private static final Map<String, Place> SINGLE = new LinkedHashMap<>();

    static {
        List<String> joint = List.of("img", "attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0", "ff", "norm1");
        List<String> text = List.of(
                "txt",
                "attn.add_q_proj",
                "attn.add_k_proj",
                "attn.add_v_proj",
                "attn.to_add_out",
                "ff_context",
                "norm1_context");
        for (List<String> stream : List.of(joint, text)) {
            for (int i = 0; i < 3; i++) {
                JOINT.put(stream.get(1 + i), new Place(stream.get(0) + "_attn.qkv", i, 3));
            }
            JOINT.put(stream.get(4), new Place(stream.get(0) + "_attn.proj"));
            JOINT.put(stream.get(5) + ".net.0.proj", new Place(stream.get(0) + "_mlp.0"));
            JOINT.put(stream.get(5) + ".net.2", new Place(stream.get(0) + "_mlp.2"));
            JOINT.put(stream.get(6) + ".linear", new Place(stream.get(0) + "_mod.lin"));
        }
        List<String> first = List.of("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp");
        first.forEach(path -> SINGLE.put(path, new Place("linear1", first.indexOf(path), first.size())));
        SINGLE.put("proj_out", new Place("linear2"));
        SINGLE.put("norm.linear", new Place("modulation.lin"));
    }

    private static final Pattern LEVEL =
            Pattern.compile("(down|up)_blocks\\.(\\d+)\\.(resnets|attentions|downsamplers|upsamplers)\\.(\\d+)\\.(.+)");
    private static final Pattern MIDDLE = Pattern.compile("mid_block\\.(resnets|attentions)\\.(\\d+)\\.(.+)");
    private static final Pattern BLOCK = Pattern.compile("(single_)?transformer_blocks\\.(\\d+)\\.(.+)");

    private OriginalNames() {}

    /** The layer of the original that a path is, or is a part of; empty if it has none that is known. */
    static Optional<Place> of(String path) {
        Matcher block = BLOCK.matcher(path);
        if (block.matches()) {
            boolean isSingle = block.group(1) != null;
            return Optional.ofNullable((isSingle ? SINGLE : JOINT).get(block.group(3)))
                    .map(part -> part.inside((isSingle ? "single_blocks." : "double_blocks.") + block.group(2) + "."));
        }
        return unet(path).map(Place::new);
    }

    private static Optional<String> unet(String path) {
        Matcher level = LEVEL.matcher(path);
        if (level.matches()) {
            boolean down = level.group(1).equals("down");
            int layer = PER_LEVEL * Integer.parseInt(level.group(2)) + Integer.parseInt(level.group(4));
            return Optional.of(
                    switch (level.group(3)) {
                        case "downsamplers" -> "input_blocks." + (layer + PER_LEVEL) + ".0.op";
                        case "upsamplers" -> "output_blocks." + (layer + PER_LEVEL - 1) + ".2.conv";
                        default -> (down ? "input_blocks." + (layer + 1) : "output_blocks." + layer)
                                + (level.group(3).equals("resnets") ? ".0." : ".1.")
                                + RESNET.getOrDefault(level.group(5), level.group(5));
                    });
        }
        Matcher middle = MIDDLE.matcher(path);
        if (middle.matches()) {
            int place = 2 * Integer.parseInt(middle.group(2)) + (middle.group(1).equals("resnets") ? 0 : 1);
            return Optional.of("middle_block." + place + "." + RESNET.getOrDefault(middle.group(3), middle.group(3)));
        }
        return Optional.ofNullable(UNET.get(path));
    }

    /** Whether all of a model's layers are those of Stable Diffusion 3, which has joint blocks as FLUX, but no single ones. */
    static boolean areOfStableDiffusion3(List<LoraSite> all) {
        return all.stream().anyMatch(site -> site.path().matches("transformer_blocks\\.\\d+\\.attn\\.add_q_proj"))
                && all.stream().noneMatch(site -> site.path().startsWith("single_transformer_blocks."));
    }

    /**
     * The layers of the original that a model's layers make up, with their parts in order; those that lack parts are left out.
     *
     * @param names where a path is in the original
     */
    static Map<String, List<LoraSite>> of(Iterable<LoraSite> sites, Function<String, Optional<Place>> names) {
        Map<Place, LoraSite> byPlace = new LinkedHashMap<>();
        sites.forEach(site -> names.apply(site.path()).ifPresent(place -> byPlace.put(place, site)));
        Map<String, List<LoraSite>> layers = new LinkedHashMap<>();
        for (Place place : byPlace.keySet()) {
            List<LoraSite> parts = IntStream.range(0, place.parts)
                    .mapToObj(i -> byPlace.get(new Place(place.name, i, place.parts)))
                    .filter(Objects::nonNull)
                    .toList();
            if (parts.size() == place.parts) {
                layers.put(place.name, parts);
            }
        }
        return layers;
    }
}
