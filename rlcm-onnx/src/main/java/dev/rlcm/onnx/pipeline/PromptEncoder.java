package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.pipeline.component.RecentlyUsed;
import java.io.IOException;
import java.util.Map;
import java.util.function.Function;

/**
 * What a model makes of prompts, by its text encoders or from a file. What the prompts used last have become is kept. Thread-safe.
 */
final class PromptEncoder implements AutoCloseable {
    private static final long CACHE_BYTES = 64L << 20; // 284 prompts of Stable Diffusion 1.5
    private static final int MAX_CACHED = 4096;

    private final TextShape shape;
    private final Function<String, TextRows> encode;
    private final Runnable close;
    private final TextAdapters adapters;
    private final Map<String, TextRows> cache;

    private PromptEncoder(TextShape shape, Function<String, TextRows> encode, Runnable close, TextAdapters adapters) {
        this.shape = shape;
        this.encode = encode;
        this.close = close;
        this.adapters = adapters;
        long fitting = CACHE_BYTES / (Math.max(1L, (long) shape.tokens() * shape.width()) * Float.BYTES);
        this.cache = new RecentlyUsed<>((int) Math.max(1, Math.min(MAX_CACHED, fitting)));
    }

    /**
     * That of a model.
     *
     * @param options which embeddings are used instead of the model's encoders, or which adapter with them
     */
    static PromptEncoder load(ModelDirectory directory, PipelineOptions options, Backend backend) throws IOException {
        TextAdapters adapters = TextAdapters.of(options, directory);
        if (options.embeddings().isPresent()) {
            PromptEmbeddings stored = PromptEmbeddings.read(options.embeddings().get());
            stored.requireAdapter(adapters);
            TextShape shape = TextShape.ofStored(stored, directory.family(), directory.root());
            return new PromptEncoder(shape, stored::encode, () -> {}, adapters);
        }
        TextEncoders encoders = TextEncoders.load(directory, adapters, backend);
        return new PromptEncoder(encoders.shape(), encoders::encode, encoders::close, adapters);
    }

    TextShape shape() {
        return shape;
    }

    /** What the text encoders' weights, or the embeddings, were changed by. */
    TextAdapters adapters() {
        return adapters;
    }

    /** What a prompt becomes. */
    synchronized TextRows encode(String prompt) {
        TextRows known = cache.get(prompt);
        if (known == null) {
            known = encode.apply(prompt);
            cache.put(prompt, known);
        }
        return known;
    }

    /** Frees what the backend would free later. */
    @Override
    public void close() {
        close.run();
    }
}
