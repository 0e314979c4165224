package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.pipeline.component.RecentlyUsed;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A model's text encoders together. What the prompts used last have become is kept. Thread-safe. */
final class TextEncoders implements AutoCloseable {
    private static final long CACHE_BYTES = 64L << 20; // 284 prompts of Stable Diffusion 1.5
    private static final int MAX_CACHED = 4096;

    private final List<TextSource> sources;
    private final List<TextEncoder> encoders;
    private final TextShape shape;
    private final Map<String, TextRows> cache;
    private @Nullable TextRows nothing;
    /** What stands for an encoder that the model does without. */
    private final Optional<TextRows> absent;

    private TextEncoders(List<TextSource> sources, List<TextEncoder> encoders, Optional<TextShape> missing) {
        this.sources = sources;
        this.encoders = encoders;
        List<TextShape> shapes =
                new ArrayList<>(encoders.stream().map(TextEncoder::shape).toList());
        missing.ifPresent(shapes::add);
        this.shape = TextShape.joined(sources, shapes);
        this.absent = missing.map(zeros -> new TextRows(
                Optional.of(TensorData.zeros(DataType.FLOAT32, zeros.states())),
                Optional.empty(),
                TensorData.zeros(DataType.FLOAT32, Shape.of(zeros.tokens()))));
        long fitting = CACHE_BYTES / (Math.max(1L, (long) shape.tokens() * shape.width()) * Float.BYTES);
        this.cache = new RecentlyUsed<>((int) Math.max(1, Math.min(MAX_CACHED, fitting)));
    }

    static TextEncoders load(ModelDirectory directory, Backend backend) throws IOException {
        List<TextEncoder> encoders = new ArrayList<>();
        try {
            for (TextSource source : directory.texts()) {
                encoders.add(TextEncoder.load(directory, source, backend));
            }
            return new TextEncoders(directory.family().texts(), List.copyOf(encoders), directory.absentText());
        } catch (IOException | RuntimeException e) {
            encoders.forEach(TextEncoder::close);
            throw e;
        }
    }

    TextShape shape() {
        return shape;
    }

    /** What a prompt becomes. */
    synchronized TextRows encode(String prompt) {
        TextRows known = cache.get(prompt);
        if (known == null) {
            known = encode(encoder -> encoder.encode(prompt));
            cache.put(prompt, known);
        }
        return known;
    }

    /** What the empty negative prompt becomes. */
    synchronized TextRows encodeNothing() {
        if (nothing == null) {
            nothing = encode(TextEncoder::encodeNothing);
        }
        return nothing;
    }

    private TextRows encode(Function<TextEncoder, TextRows> part) {
        List<TextRows> parts = new ArrayList<>();
        encoders.forEach(encoder -> parts.add(part.apply(encoder)));
        absent.ifPresent(parts::add);
        return TextRows.joined(sources, parts, shape);
    }

    @Override
    public void close() {
        encoders.forEach(TextEncoder::close);
    }
}
