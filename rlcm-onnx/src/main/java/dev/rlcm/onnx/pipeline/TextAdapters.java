package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.Graph;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraComponent;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.lora.LoraMerge;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an adapter's file has for a model's text encoders; these are loaded with it in their weights. Filled while they are loaded, not
 * changed after that.
 */
final class TextAdapters {
    private final @Nullable Path file;
    private final List<String> keys;
    private final Map<LoraComponent, LoraAdapter> adapters = new LinkedHashMap<>();

    private TextAdapters(@Nullable Path file, List<String> keys) {
        this.file = file;
        this.keys = keys;
    }

    /**
     * Those of a file for a model.
     *
     * @param options name the file; one that has nothing for text encoders is the same as none
     * @throws IOException if the file is unreadable, damaged, or for text encoders that the model does not have
     */
    static TextAdapters of(PipelineOptions options, ModelDirectory directory) throws IOException {
        Optional<Path> file = options.textAdapter();
        List<String> keys = file.isPresent() ? LoraAdapter.textEncoderKeys(file.get()) : List.of();
        List<LoraComponent> known = directory.texts().stream()
                .map(text -> directory.family().component(text))
                .toList();
        for (String key : keys) {
            if (known.stream().noneMatch(component -> component.inside(key).isPresent())) {
                throw new IOException(file.get() + " holds " + key + ", for a text encoder that " + directory.root()
                        + " does not have; it has "
                        + known.stream().map(LoraComponent::name).toList());
            }
        }
        return new TextAdapters(keys.isEmpty() ? null : file.orElseThrow(), keys);
    }

    boolean isEmpty() {
        return keys.isEmpty();
    }

    /** The file, if it has something for text encoders. */
    Optional<Path> file() {
        return Optional.ofNullable(file);
    }

    /** The adapters of the text encoders that were loaded, by what files call them. */
    Map<LoraComponent, LoraAdapter> loaded() {
        return Collections.unmodifiableMap(adapters);
    }

    /** Whether the file has something for that text encoder. */
    boolean has(LoraComponent component) {
        return keys.stream().anyMatch(key -> component.inside(key).isPresent());
    }

    /**
     * The adapter of a text encoder, if the file has one.
     *
     * @param graph with all of the encoder's layers
     */
    Optional<LoraAdapter> adapter(LoraComponent component, Graph graph) throws IOException {
        return file == null || !has(component)
                ? Optional.empty()
                : LoraAdapter.load(file, component, LoraInjection.sites(graph));
    }

    /**
     * A text encoder with its adapter in its weights.
     *
     * @param graph with all of the encoder's layers
     */
    Graph merged(LoraComponent component, Graph graph) throws IOException {
        Optional<LoraAdapter> adapter = adapter(component, graph);
        adapter.ifPresent(found -> adapters.put(component, found));
        return adapter.map(found -> LoraMerge.merge(graph, found)).orElse(graph);
    }
}
