package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A model's text encoders together. Thread-safe. */
final class TextEncoders implements AutoCloseable {
    private final List<TextEncoder> encoders;
    private final TextParts parts;

    private TextEncoders(List<TextEncoder> encoders, TextParts parts) {
        this.encoders = encoders;
        this.parts = parts;
    }

    static TextEncoders load(ModelDirectory directory, TextAdapters adapters, Backend backend) throws IOException {
        List<TextEncoder> encoders = new ArrayList<>();
        try {
            for (TextSource source : directory.texts()) {
                encoders.add(TextEncoder.load(directory, source, adapters, backend));
            }
            List<TextShape> shapes = encoders.stream().map(TextEncoder::shape).toList();
            return new TextEncoders(List.copyOf(encoders), TextParts.of(directory, shapes));
        } catch (IOException | RuntimeException e) {
            encoders.forEach(TextEncoder::close);
            throw e;
        }
    }

    /** What prompts become, with one encoder in memory at a time. */
    static Map<String, TextRows> encodeInTurn(
            ModelDirectory directory, TextAdapters adapters, Backend backend, List<String> prompts) throws IOException {
        List<TextShape> shapes = new ArrayList<>();
        List<List<TextRows>> own = new ArrayList<>();
        prompts.forEach(prompt -> own.add(new ArrayList<>()));
        for (TextSource source : directory.texts()) {
            try (TextEncoder encoder = TextEncoder.load(directory, source, adapters, backend)) {
                shapes.add(encoder.shape());
                for (int i = 0; i < prompts.size(); i++) {
                    own.get(i).add(encoder.encode(prompts.get(i)));
                }
            }
        }
        TextParts parts = TextParts.of(directory, shapes);
        Map<String, TextRows> rows = new LinkedHashMap<>();
        for (int i = 0; i < prompts.size(); i++) {
            rows.put(prompts.get(i), parts.joined(own.get(i)));
            own.set(i, List.of()); // the parts take as much memory as the whole
        }
        return rows;
    }

    TextShape shape() {
        return parts.shape();
    }

    /** What a prompt becomes. */
    TextRows encode(String prompt) {
        List<TextRows> own = new ArrayList<>();
        encoders.forEach(encoder -> own.add(encoder.encode(prompt)));
        return parts.joined(own);
    }

    @Override
    public void close() {
        encoders.forEach(TextEncoder::close);
    }
}
