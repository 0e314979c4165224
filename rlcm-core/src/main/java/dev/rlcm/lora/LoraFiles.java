package dev.rlcm.lora;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes adapters as safetensors; {@link LoraReader} reads them. */
final class LoraFiles {
    /** Where diffusers keeps an adapter's configuration inside a safetensors file. */
    static final String DIFFUSERS_METADATA = "lora_adapter_metadata";

    private static final String PEFT_PREFIX = "base_model.model.";
    private static final String KOHYA_PREFIX = "lora_unet_";

    private LoraFiles() {}

    static void write(LoraAdapter adapter, Path file, LoraFormat format) throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>(Map.of("format", "pt"));
        switch (format) {
            case DIFFUSERS -> {
                String prefix = adapter.config().component() + ".";
                adapter.tensors().forEach((key, tensor) -> tensors.put(prefix + key, tensor));
                metadata.put(DIFFUSERS_METADATA, PeftConfig.text(adapter, prefix));
            }
            case PEFT -> {
                adapter.tensors().forEach((key, tensor) -> tensors.put(PEFT_PREFIX + key, tensor));
                PeftConfig.write(adapter, file);
            }
            case KOHYA -> {
                addKohya(adapter, tensors);
                metadata.putAll(kohyaMetadata(adapter));
            }
            case KOHYA_ORIGINAL -> {
                OriginalLayers.of(adapter)
                        .forEach((name, layer) -> add(KOHYA_PREFIX + underscored(name), layer, tensors));
                metadata.putAll(kohyaMetadata(adapter));
            }
        }
        new Safetensors(tensors, metadata).write(file);
    }

    private static void addKohya(LoraAdapter adapter, Map<String, TensorData> tensors) {
        for (LoraSite site : adapter.sites()) {
            add(KOHYA_PREFIX + underscored(site.path()), OriginalLayers.of(adapter, site), tensors);
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
