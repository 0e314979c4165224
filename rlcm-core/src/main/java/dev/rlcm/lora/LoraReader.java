package dev.rlcm.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads an adapter's file in any of the conventions in use; what is in it for text encoders is left out, with a warning.
 * Layers of a smaller rank than the largest are filled up with zeros, and layers whose alpha / rank differs from that of
 * the first layer of the largest rank have the difference moved into B, so that one rank and alpha serve all and the
 * function stays what it was.
 */
final class LoraReader {
    /** Prefix, module, and the factor's name in any of the conventions in use. */
    private static final Pattern KEY =
            Pattern.compile("(?:base_model\\.model\\.)?(?:unet\\.|lora_unet_|transformer\\.)?(.+?)"
                    + "(?:\\.(lora_A|lora_down|lora\\.down)(?:\\.default)?\\.weight"
                    + "|\\.(lora_B|lora_up|lora\\.up)(?:\\.default)?\\.weight"
                    + "|\\.(alpha))");

    /** Beginnings of the keys of text encoders. */
    private static final Pattern ELSEWHERE = Pattern.compile("(?:lora_te\\d?_|text_encoder(?:_\\d)?\\.).*");

    private static final Logger log = LoggerFactory.getLogger(LoraReader.class);

    private final Path file;
    private final Map<String, LoraSite> model = new LinkedHashMap<>();
    private final Map<String, TensorData> factors = new HashMap<>();
    private final Map<LoraSite, Double> alphas = new HashMap<>();
    private String wrapper = "";

    private LoraReader(Path file, List<LoraSite> modelSites) {
        this.file = file;
        modelSites.forEach(site -> model.put(LoraFiles.underscored(site.path()), site));
    }

    static LoraAdapter read(Path file, List<LoraSite> modelSites) throws IOException {
        Safetensors content = Safetensors.read(file);
        LoraReader reader = new LoraReader(file, modelSites);
        Map<Boolean, List<String>> keys = content.tensors().keySet().stream()
                .collect(Collectors.partitioningBy(key -> ELSEWHERE.matcher(key).matches()));
        if (!keys.get(true).isEmpty()) {
            log.warn(
                    "{}: its {} tensors for text encoders are ignored",
                    file,
                    keys.get(true).size());
        }
        reader.wrapper = reader.wrapper(keys.get(false));
        for (String key : keys.get(false)) {
            reader.accept(key, content.tensor(key));
        }
        try {
            return reader.adapter(reader.config(content.metadata()));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " does not fit the model: " + e.getMessage(), e);
        }
    }

    /**
     * What the model's paths begin with and the file's do not: a model that was exported inside another module has that
     * module's name before all of its own. Nothing if there is no such beginning, or more than one.
     */
    private String wrapper(List<String> keys) {
        List<String> names = keys.stream()
                .map(KEY::matcher)
                .filter(Matcher::matches)
                .map(key -> LoraFiles.underscored(key.group(1)))
                .distinct()
                .toList();
        if (names.isEmpty() || names.stream().anyMatch(model::containsKey)) {
            return "";
        }
        List<String> wrappers = model.keySet().stream()
                .filter(path -> path.endsWith("_" + names.get(0)))
                .map(path -> path.substring(0, path.length() - names.get(0).length()))
                .filter(beginning -> names.stream().allMatch(name -> model.containsKey(beginning + name)))
                .toList();
        return wrappers.size() == 1 ? wrappers.get(0) : "";
    }

    private void accept(String name, TensorData tensor) throws IOException {
        Matcher key = KEY.matcher(name);
        if (!key.matches()) {
            throw new IOException(file + " holds " + name + ", which is no factor of a low-rank adapter; biases, DoRA's"
                    + " magnitudes and modules that PEFT saves whole cannot be taken over");
        }
        LoraSite site = model.get(wrapper + LoraFiles.underscored(key.group(1)));
        if (site == null) {
            throw new IOException(file + " does not fit the model: " + name + " names no layer of it that can be"
                    + " adapted; it has " + model.size() + " such layers, for example "
                    + model.values().stream().findFirst().map(LoraSite::path).orElse("none"));
        }
        if (key.group(4) != null) {
            if (tensor.getDouble(0) != 0) { // kohya's tools take 0 for none
                alphas.put(site, tensor.getDouble(0));
            }
        } else {
            factors.put(key.group(2) != null ? site.keyA() : site.keyB(), tensor);
        }
    }

    private LoraAdapter adapter(PeftConfig config) throws IOException {
        List<LoraSite> sites = model.values().stream()
                .filter(site -> factors.containsKey(site.keyA()) || factors.containsKey(site.keyB()))
                .toList();
        Map<LoraSite, Integer> ranks = new LinkedHashMap<>();
        for (LoraSite site : sites) {
            ranks.put(site, rank(site));
        }
        LoraSite widest = ranks.entrySet().stream()
                .max(Comparator.comparingInt(Map.Entry<LoraSite, Integer>::getValue))
                .orElseThrow(() -> new IOException(file + " holds no LoRA factors"))
                .getKey();
        int rank = ranks.get(widest);
        double alpha = alpha(widest, rank, config);
        Map<String, TensorData> weights = new HashMap<>();
        for (LoraSite site : sites) {
            int own = ranks.get(site);
            double factor = alpha(site, own, config) * rank / (own * alpha);
            weights.put(site.keyA(), factorA(site, own, rank));
            weights.put(site.keyB(), factorB(site, own, rank, factor));
        }
        String[] paths = sites.stream().map(LoraSite::path).toArray(String[]::new);
        return LoraAdapter.of(new LoraConfig(rank, alpha, LoraTargets.of(paths)), sites, weights);
    }

    private int rank(LoraSite site) throws IOException {
        TensorData a = factors.get(site.keyA());
        if (a == null || a.shape().rank() < 2 || a.shape().dim(0) == 0) {
            throw new IOException(
                    file + ": expected " + site.keyA() + " " + site.shapeA(1) + " or of a higher rank, got " + a);
        }
        return a.shape().dim(0);
    }

    private double alpha(LoraSite site, int rank, PeftConfig config) {
        Double own = alphas.get(site);
        return own != null ? own : config.alpha(site.path(), rank);
    }

    /** The configuration from the file's metadata or from PEFT's file beside it. */
    private PeftConfig config(Map<String, String> metadata) throws IOException {
        String embedded = metadata.get(LoraFiles.DIFFUSERS_METADATA);
        try {
            return embedded != null ? PeftConfig.parse(embedded, LoraFiles.DIFFUSERS_PREFIX) : PeftConfig.beside(file);
        } catch (JsonProcessingException e) {
            throw new IOException("broken adapter configuration of " + file + ": " + e.getOriginalMessage(), e);
        }
    }

    private TensorData factorA(LoraSite site, int own, int rank) {
        TensorData a = checked(site.keyA(), site.shapeA(own));
        return TensorData.generate(DataType.FLOAT32, site.shapeA(rank), i -> i < a.size() ? a.getDouble(i) : 0);
    }

    private TensorData factorB(LoraSite site, int own, int rank, double factor) {
        TensorData b = checked(site.keyB(), site.shapeB(own));
        return TensorData.generate(
                DataType.FLOAT32,
                site.shapeB(rank),
                i -> i % rank < own ? b.getDouble(i / rank * own + i % rank) * factor : 0);
    }

    /** The factor, in the layer's shape: tools differ in whether a kernel of 1x1 is spelled out. */
    private TensorData checked(String key, Shape shape) {
        TensorData factor = factors.get(key);
        boolean fits = factor != null
                && factor.size() == shape.size()
                && factor.shape().rank() >= 2
                && factor.shape().dim(0) == shape.dim(0)
                && factor.shape().dim(1) == shape.dim(1);
        if (!fits) {
            throw new IllegalArgumentException("expected " + key + " of shape " + shape + ", got " + factor);
        }
        return factor;
    }
}
