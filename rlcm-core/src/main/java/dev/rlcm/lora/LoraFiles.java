package dev.rlcm.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.AtomicFiles;
import dev.rlcm.io.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads and writes adapters as safetensors. */
final class LoraFiles {
    /** Where diffusers keeps an adapter's configuration inside a safetensors file. */
    private static final String DIFFUSERS_METADATA = "lora_adapter_metadata";

    private static final String PEFT_CONFIG = "adapter_config.json";
    private static final String KOHYA_PREFIX = "lora_unet_";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Prefix, module, and the factor's name in any of the conventions in use. */
    private static final Pattern KEY =
            Pattern.compile("(?:base_model\\.model\\.)?(?:unet\\.|lora_unet_|transformer\\.)?(.+?)"
                    + "(?:\\.(lora_A|lora_down|lora\\.down)(?:\\.default)?\\.weight"
                    + "|\\.(lora_B|lora_up|lora\\.up)(?:\\.default)?\\.weight"
                    + "|\\.(alpha))");

    private LoraFiles() {}

    static void write(LoraAdapter adapter, Path file, LoraFormat format) throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>(Map.of("format", "pt"));
        LoraConfig config = adapter.config();
        for (LoraSite site : adapter.sites()) {
            TensorData a = adapter.tensors().get(site.keyA());
            TensorData b = adapter.tensors().get(site.keyB());
            switch (format) {
                case DIFFUSERS, PEFT -> {
                    String prefix = format == LoraFormat.PEFT ? "base_model.model." : "unet.";
                    tensors.put(prefix + site.keyA(), a);
                    tensors.put(prefix + site.keyB(), b);
                }
                case KOHYA -> {
                    String name = KOHYA_PREFIX + underscored(site.path());
                    tensors.put(name + ".lora_down.weight", a);
                    tensors.put(name + ".lora_up.weight", b);
                    tensors.put(name + ".alpha", TensorData.scalar(DataType.FLOAT32, config.alpha()));
                }
            }
        }
        switch (format) {
            case DIFFUSERS -> metadata.put(DIFFUSERS_METADATA, JSON.writeValueAsString(peftConfig(config, "unet.")));
            case PEFT -> AtomicFiles.write(
                    file.resolveSibling(PEFT_CONFIG),
                    out -> out.write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(peftConfig(config, ""))));
            case KOHYA -> {
                metadata.put("ss_network_module", "networks.lora");
                metadata.put("ss_network_dim", Integer.toString(config.rank()));
                metadata.put("ss_network_alpha", Double.toString(config.alpha()));
            }
        }
        new Safetensors(tensors, metadata).write(file);
    }

    private static Map<String, Object> peftConfig(LoraConfig config, String prefix) {
        Map<String, Object> json = new TreeMap<>();
        json.put(prefix + "peft_type", "LORA");
        json.put(prefix + "r", config.rank());
        json.put(prefix + "lora_alpha", config.alpha());
        json.put(prefix + "lora_dropout", 0.0);
        json.put(prefix + "bias", "none");
        json.put(prefix + "init_lora_weights", "gaussian");
        json.put(prefix + "target_modules", config.targets());
        return json;
    }

    static LoraAdapter read(Path file, List<LoraSite> modelSites) throws IOException {
        Safetensors content = Safetensors.read(file);
        Map<String, LoraSite> byName = new LinkedHashMap<>();
        modelSites.forEach(site -> byName.put(underscored(site.path()), site));
        Map<String, TensorData> factors = new LinkedHashMap<>();
        Map<LoraSite, Double> alphas = new LinkedHashMap<>();
        for (Map.Entry<String, TensorData> entry : content.tensors().entrySet()) {
            Matcher key = KEY.matcher(entry.getKey());
            LoraSite site = key.matches() ? byName.get(underscored(key.group(1))) : null;
            if (site == null) {
                throw new IOException(file + " does not fit the model: " + entry.getKey()
                        + " names no linear layer of it; it has " + modelSites.size() + " such layers, for example "
                        + modelSites.stream().findFirst().map(LoraSite::path).orElse("none"));
            }
            if (key.group(4) != null) {
                alphas.put(site, entry.getValue().getDouble(0));
            } else {
                factors.put(key.group(2) != null ? site.keyA() : site.keyB(), entry.getValue());
            }
        }
        List<LoraSite> sites = modelSites.stream()
                .filter(site -> factors.containsKey(site.keyA()) || factors.containsKey(site.keyB()))
                .toList();
        if (sites.isEmpty()) {
            throw new IOException(file + " holds no LoRA factors");
        }
        int rank = rank(file, sites.get(0), factors);
        double alpha = alphas.isEmpty()
                ? sharedAlpha(file, content.metadata()).orElse(rank)
                : alphas.getOrDefault(sites.get(0), (double) rank);
        rescale(sites, alphas, alpha, factors);
        LoraConfig config =
                new LoraConfig(rank, alpha, sites.stream().map(LoraSite::path).toList());
        try {
            return LoraAdapter.of(config, sites, factors);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " does not fit the model: " + e.getMessage(), e);
        }
    }

    /** Layers whose alpha differs from the first one's have the difference moved into B. */
    private static void rescale(
            List<LoraSite> sites, Map<LoraSite, Double> alphas, double alpha, Map<String, TensorData> factors) {
        for (LoraSite site : sites) {
            double own = alphas.getOrDefault(site, alpha);
            TensorData b = factors.get(site.keyB());
            if (own != alpha && b != null) {
                factors.put(
                        site.keyB(),
                        TensorData.generate(DataType.FLOAT32, b.shape(), i -> b.getDouble(i) * own / alpha));
            }
        }
    }

    private static int rank(Path file, LoraSite site, Map<String, TensorData> factors) throws IOException {
        TensorData a = factors.get(site.keyA());
        if (a == null || a.shape().rank() != 2 || a.shape().dim(0) == 0) {
            throw new IOException(file + ": expected a matrix " + site.keyA() + " [rank, " + site.in() + "], got " + a);
        }
        return a.shape().dim(0);
    }

    /** The alpha of all layers, from the file's metadata or from PEFT's configuration beside it. */
    private static OptionalDouble sharedAlpha(Path file, Map<String, String> metadata) throws IOException {
        String embedded = metadata.get(DIFFUSERS_METADATA);
        Path config = file.resolveSibling(PEFT_CONFIG);
        try {
            if (embedded != null) {
                return alpha(JSON.readTree(embedded), "unet.lora_alpha");
            }
            if (Files.isRegularFile(config)) {
                return alpha(JSON.readTree(Files.readString(config)), "lora_alpha");
            }
        } catch (JsonProcessingException e) {
            throw new IOException("broken adapter configuration of " + file + ": " + e.getOriginalMessage(), e);
        }
        return OptionalDouble.empty();
    }

    private static OptionalDouble alpha(JsonNode json, String key) {
        return Optional.ofNullable(json.get(key))
                .filter(JsonNode::isNumber)
                .map(node -> OptionalDouble.of(node.asDouble()))
                .orElseGet(OptionalDouble::empty);
    }

    private static String underscored(String path) {
        return path.replace('.', '_');
    }
}
