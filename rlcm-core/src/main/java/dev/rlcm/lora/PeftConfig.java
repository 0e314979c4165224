package dev.rlcm.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** PEFT's configuration of an adapter, in a file beside it or, with prefixed keys, in diffusers' metadata. */
final class PeftConfig {
    static final String FILE = "adapter_config.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonNode json;
    private final String prefix;

    private PeftConfig(JsonNode json, String prefix) {
        this.json = json;
        this.prefix = prefix;
    }

    static PeftConfig none() {
        return new PeftConfig(JSON.createObjectNode(), "");
    }

    static PeftConfig parse(String text, String prefix) throws JsonProcessingException {
        return new PeftConfig(JSON.readTree(text), prefix);
    }

    /** The configuration beside an adapter's file; an empty one if there is no such file. */
    static PeftConfig beside(Path adapter) throws IOException {
        Path config = adapter.resolveSibling(FILE);
        return Files.isRegularFile(config) ? parse(Files.readString(config), "") : none();
    }

    /**
     * The alpha of a layer of that rank: of the first pattern that fits it, else the common one, else the rank. Where the
     * scale is alpha / sqrt(rank) (rsLoRA, arXiv:2312.03732) it is the alpha that alpha / rank gives the same scale by.
     */
    double alpha(String path, int rank) {
        double stabilised = get("use_rslora").asBoolean() ? Math.sqrt(rank) : 1;
        for (Map.Entry<String, JsonNode> entry : get("alpha_pattern").properties()) {
            if (path.matches("(?:.*\\.)?(?:" + entry.getKey() + ")")) {
                return entry.getValue().asDouble() * stabilised;
            }
        }
        return get("lora_alpha").asDouble(rank) * stabilised;
    }

    private JsonNode get(String key) {
        return json.path(prefix + key);
    }

    static String text(LoraAdapter adapter, String prefix) throws JsonProcessingException {
        return JSON.writeValueAsString(content(adapter, prefix));
    }

    static void write(LoraAdapter adapter, Path file) throws IOException {
        byte[] bytes = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(content(adapter, ""));
        AtomicFiles.write(file.resolveSibling(FILE), out -> out.write(bytes));
    }

    /** Targets that PEFT would read otherwise are written as the paths of the layers they came to. */
    private static Map<String, Object> content(LoraAdapter adapter, String prefix) {
        LoraConfig config = adapter.config();
        List<String> modules = config.targets().areModuleNames()
                ? config.targets().patterns()
                : adapter.sites().stream().map(LoraSite::path).toList();
        Map<String, Object> content = new TreeMap<>();
        content.put(prefix + "peft_type", "LORA");
        content.put(prefix + "r", config.rank());
        content.put(prefix + "lora_alpha", config.alpha());
        content.put(prefix + "lora_dropout", 0.0);
        content.put(prefix + "bias", "none");
        content.put(prefix + "init_lora_weights", "gaussian");
        content.put(prefix + "target_modules", modules);
        return content;
    }
}
