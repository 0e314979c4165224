package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.pipeline.component.RecentlyUsed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
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
    private final Map<String, TextRows> cache;

    private PromptEncoder(TextShape shape, Function<String, TextRows> encode, Runnable close) {
        this.shape = shape;
        this.encode = encode;
        this.close = close;
        long fitting = CACHE_BYTES / (Math.max(1L, (long) shape.tokens() * shape.width()) * Float.BYTES);
        this.cache = new RecentlyUsed<>((int) Math.max(1, Math.min(MAX_CACHED, fitting)));
    }

    /**
     * That of a model.
     *
     * @param embeddings a file to use instead of the model's encoders
     */
    static PromptEncoder load(ModelDirectory directory, Optional<Path> embeddings, Backend backend) throws IOException {
        if (embeddings.isPresent()) {
            PromptEmbeddings stored = PromptEmbeddings.read(embeddings.get());
            TextShape shape = TextShape.ofStored(stored, directory.family(), directory.root());
            return new PromptEncoder(shape, stored::encode, () -> {});
        }
        TextEncoders encoders = TextEncoders.load(directory, backend);
        return new PromptEncoder(encoders.shape(), encoders::encode, encoders::close);
    }

    TextShape shape() {
        return shape;
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
