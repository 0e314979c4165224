package dev.rlcm.lora;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes adapters as safetensors; {@link LoraReader} reads them. */
final class LoraFiles {
    /** Where diffusers keeps an adapter's configuration inside a safetensors file. */
    static final String DIFFUSERS_METADATA = "lora_adapter_metadata";

    private static final String PEFT_PREFIX = "base_model.model.";
    private static final String KOHYA_PREFIX = "lora_unet_";

    private LoraFiles() {}

    /**
     * Writes the adapters of a model.
     *
     * @param texts those of its text encoders, which PEFT's format cannot hold
     */
    static void write(LoraAdapter adapter, Map<LoraComponent, LoraAdapter> texts, Path file, LoraFormat format)
            throws IOException {
        if (format == LoraFormat.PEFT && !texts.isEmpty()) {
            throw new IllegalArgumentException(
                    "PEFT's format holds the adapter of one network, there are also those of "
                            + texts.keySet().stream().map(LoraComponent::name).toList() + "; write another format");
        }
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>(Map.of("format", "pt"));
        switch (format) {
            case DIFFUSERS -> {
                List<LoraAdapter> all = new ArrayList<>(List.of(adapter));
                texts.forEach((component, text) -> all.add(text.withComponent(component.name())));
                for (LoraAdapter each : all) {
                    String prefix = each.config().component() + ".";
                    each.tensors().forEach((key, tensor) -> tensors.put(prefix + key, tensor));
                }
                metadata.put(DIFFUSERS_METADATA, PeftConfig.text(all));
            }
            case PEFT -> {
                adapter.tensors().forEach((key, tensor) -> tensors.put(PEFT_PREFIX + key, tensor));
                PeftConfig.write(adapter, file);
            }
            case KOHYA -> {
                addKohya(KOHYA_PREFIX, adapter, tensors);
                metadata.putAll(kohyaMetadata(adapter));
            }
            case KOHYA_ORIGINAL -> {
                addOriginal(OriginalLayers.of(adapter), tensors);
                metadata.putAll(kohyaMetadata(adapter));
            }
            case KOHYA_SD3 -> {
                addOriginal(OriginalLayers.ofStableDiffusion3(adapter), tensors);
                metadata.putAll(kohyaMetadata(adapter));
            }
        }
        if (format != LoraFormat.DIFFUSERS) {
            texts.forEach((component, text) -> addKohya(component.kohyaPrefix(), text, tensors));
        }
        new Safetensors(tensors, metadata).write(file);
    }

    private static void addOriginal(Map<String, OriginalLayers.Layer> layers, Map<String, TensorData> tensors) {
        layers.forEach((name, layer) -> add(KOHYA_PREFIX + underscored(name), layer, tensors));
    }

    private static void addKohya(String prefix, LoraAdapter adapter, Map<String, TensorData> tensors) {
        for (LoraSite site : adapter.sites()) {
            add(prefix + underscored(site.path()), OriginalLayers.of(adapter, site), tensors);
        }
    }

    private static void add(String name, OriginalLayers.Layer layer, Map<String, TensorData> tensors) {
        tensors.put(name + ".lora_down.weight", layer.a());
        tensors.put(name + ".lora_up.weight", layer.b());
        tensors.put(name + ".alpha", TensorData.scalar(DataType.FLOAT32, layer.alpha()));
    }

    /** kohya keeps rank and alpha of kernels larger than 1x1 apart. */
    private static Map<String, String> kohyaMetadata(LoraAdapter adapter) {
        String rank = Integer.toString(adapter.config().rank());
        String alpha = Double.toString(adapter.config().alpha());
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("ss_network_module", "networks.lora");
        metadata.put("ss_network_dim", rank);
        metadata.put("ss_network_alpha", alpha);
        if (!adapter.sites().stream().allMatch(LoraSite::isLinear)) {
            metadata.put("ss_network_args", "{\"conv_dim\": \"" + rank + "\", \"conv_alpha\": \"" + alpha + "\"}");
        }
        return metadata;
    }

    static String underscored(String path) {
        return path.replace('.', '_');
    }
}
