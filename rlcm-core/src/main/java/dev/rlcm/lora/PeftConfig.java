package dev.rlcm.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.io.AtomicFiles;
import dev.rlcm.io.FileErrors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** PEFT's configuration of an adapter, in a file beside it or, with prefixed keys, in diffusers' metadata. */
final class PeftConfig {
    static final String FILE = "adapter_config.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonNode json;
    private final String prefix;
    private final OptionalDouble alpha;
    private final Map<ModulePattern, Double> alphaByPattern = new LinkedHashMap<>();

    private PeftConfig(String source, JsonNode json, String prefix) throws IOException {
        this.json = json;
        this.prefix = prefix;
        if (!json.isObject()) {
            throw new IOException("broken adapter configuration of " + source + ": it must be a JSON object, got "
                    + json.getNodeType());
        }
        JsonNode common = get("lora_alpha");
        boolean isStated = !common.isMissingNode() && !common.isNull();
        this.alpha = isStated ? OptionalDouble.of(alpha(source, "lora_alpha", common)) : OptionalDouble.empty();
        for (Map.Entry<String, JsonNode> entry : get("alpha_pattern").properties()) {
            String key = entry.getKey();
            alphaByPattern.put(
                    ModulePattern.of(source, key), alpha(source, "alpha_pattern of " + key, entry.getValue()));
        }
    }

    /** A configuration that states nothing. */
    static PeftConfig none() throws IOException {
        return new PeftConfig("none", JSON.createObjectNode(), "");
    }

    /** The configuration in diffusers' metadata of a network, whose name and a dot its keys begin with. */
    static PeftConfig embedded(String source, String text, String prefix) throws IOException {
        return parse(source, text.getBytes(StandardCharsets.UTF_8), prefix);
    }

    /** The configuration of the denoiser in diffusers' metadata, whatever that is called there. */
    static PeftConfig embedded(String source, String text) throws IOException {
        PeftConfig plain = parse(source, text.getBytes(StandardCharsets.UTF_8), "");
        for (Map.Entry<String, JsonNode> entry : plain.json.properties()) {
            String prefix = entry.getKey().substring(0, entry.getKey().indexOf('.') + 1);
            if (!prefix.startsWith("text_encoder")) {
                return new PeftConfig(source, plain.json, prefix);
            }
        }
        return plain;
    }

    private static PeftConfig parse(String source, byte[] text, String prefix) throws IOException {
        try {
            return new PeftConfig(source, JSON.readTree(text), prefix);
        } catch (JsonProcessingException e) {
            throw new IOException("broken adapter configuration of " + source + ": " + e.getOriginalMessage(), e);
        }
    }

    /** The configuration beside an adapter's file; one that states nothing if there is no such file. */
    static PeftConfig beside(Path adapter) throws IOException {
        Path config = adapter.resolveSibling(FILE);
        if (!Files.isRegularFile(config)) {
            return none();
        }
        try {
            return parse(adapter + ", " + config, Files.readAllBytes(config), "");
        } catch (IOException e) {
            throw FileErrors.naming(config, e);
        }
    }

    /**
     * The alpha of a layer of that rank, if it is stated: that of the first pattern that fits its path, else the common one. For
     * rsLoRA (arXiv:2312.03732), whose scale is alpha / sqrt(rank), it is the alpha for which alpha / rank is the same scale.
     */
    OptionalDouble alpha(String path, int rank) {
        double stabilised = get("use_rslora").asBoolean() ? Math.sqrt(rank) : 1;
        for (Map.Entry<ModulePattern, Double> entry : alphaByPattern.entrySet()) {
            if (entry.getKey().fits(path)) {
                return OptionalDouble.of(entry.getValue() * stabilised);
            }
        }
        return alpha.isPresent() ? OptionalDouble.of(alpha.getAsDouble() * stabilised) : alpha;
    }

    private static double alpha(String source, String key, JsonNode node) throws IOException {
        if (!node.isNumber() || !(node.asDouble() > 0) || Double.isInfinite(node.asDouble())) {
            throw new IOException("broken adapter configuration of " + source + ": " + key
                    + " must be a positive number, got " + node);
        }
        return node.asDouble();
    }

    private JsonNode get(String key) {
        return json.path(prefix + key);
    }

    /** The configurations of several networks, whose keys begin with their names. */
    static String text(List<LoraAdapter> adapters) throws JsonProcessingException {
        Map<String, Object> content = new TreeMap<>();
        adapters.forEach(
                adapter -> content.putAll(content(adapter, adapter.config().component() + ".")));
        return JSON.writeValueAsString(content);
    }

    static void write(LoraAdapter adapter, Path file) throws IOException {
        byte[] bytes = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(content(adapter, ""));
        AtomicFiles.write(file.resolveSibling(FILE), out -> out.write(bytes));
    }

    /** Targets that PEFT would understand differently are written as the paths of the layers that they selected. */
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
