package dev.rlcm.lora;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The key of a tensor in an adapter's file, in any of the conventions in use:
 *
 * <pre>
 * base_model.model.attn1.to_q.lora_A.weight        PEFT
 * unet.attn1.to_q.lora_A.weight                    diffusers on PEFT
 * unet.attn1.to_q.lora.down.weight                 diffusers before that
 * attn1.processor.to_q_lora.down.weight            diffusers' attention processors, the oldest
 * lora_unet_attn1_to_q.lora_down.weight            kohya
 * </pre>
 *
 * <p>Those of text encoders begin with other names, see {@link LoraComponent}; diffusers once had {@code
 * self_attn.q_proj.lora_linear_layer.down.weight} there.
 *
 * @param name the key itself
 * @param module the layer's path, or kohya's form of it with underscores
 * @param part which part of the layer's adapter the tensor is
 * @param fromPeft whether it is one of PEFT's factors, whose alpha is kept elsewhere
 */
record LoraKey(String name, String module, Part part, boolean fromPeft) {
    enum Part {
        A("the down projection A"),
        B("the up projection B"),
        ALPHA("the alpha");

        private final String words;

        Part(String words) {
            this.words = words;
        }

        String inWords() {
            return words;
        }
    }

    /** What DistributedDataParallel and torch.compile put before the paths of what they wrap. */
    private static final String WRAPPERS = "(?:module\\.|_orig_mod\\.)*";

    private static final Pattern KEY = Pattern.compile("(?:base_model\\.model\\.)?"
            + "(?:" + WRAPPERS + "(?:unet\\.|transformer\\.)|lora_unet_)?"
            + "(?<module>.+?)\\.(?:(?:(?<down>lora_A|lora_down|lora\\.down|lora_linear_layer\\.down|(?<=_lora\\.)down)"
            + "|(?<up>lora_B|lora_up|lora\\.up|lora_linear_layer\\.up|(?<=_lora\\.)up))(?:\\.\\w+)?\\.weight|alpha)");

    /** Keys of text encoders. */
    private static final Pattern ELSEWHERE = Pattern.compile("(?:lora_te\\d?_|text_encoder(?:_\\d)?\\.).*");

    static boolean isForTextEncoder(String name) {
        return ELSEWHERE.matcher(name).matches();
    }

    /** Takes a key of the denoiser apart; empty if it belongs to neither a factor nor an alpha. */
    static Optional<LoraKey> parse(String name) {
        return parse(name, name);
    }

    /**
     * As {@link #parse(String)}, of a network whose name may stand before the key.
     *
     * @param inside the key without that name
     */
    static Optional<LoraKey> parse(String name, String inside) {
        Matcher key = KEY.matcher(inside);
        if (!key.matches()) {
            return Optional.empty();
        }
        String down = key.group("down");
        String up = key.group("up");
        Part part = down != null ? Part.A : up != null ? Part.B : Part.ALPHA;
        boolean ofProcessor = part == Part.ALPHA || "down".equals(down) || "up".equals(up);
        String module = key.group("module");
        return Optional.of(new LoraKey(
                name,
                ofProcessor ? layerOfProcessor(module) : module,
                part,
                "lora_A".equals(down) || "lora_B".equals(up)));
    }

    /** An attention processor held the adapters of the layers beside it: to_q_lora that of to_q. */
    private static String layerOfProcessor(String module) {
        if (!module.endsWith("_lora")) {
            return module;
        }
        String layer =
                module.substring(0, module.length() - "_lora".length()).replaceFirst("(^|\\.)processor\\.", "$1");
        return layer.endsWith("to_out") ? layer + ".0" : layer;
    }

    /** The path without what wrappers of the whole model put before it. */
    String unwrappedModule() {
        return module.replaceFirst("^" + WRAPPERS, "");
    }
}
