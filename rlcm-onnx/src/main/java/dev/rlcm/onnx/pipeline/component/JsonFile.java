package dev.rlcm.onnx.pipeline.component;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.StreamSupport;

/** A JSON object in a file, read with limits on its size and depth; messages name the file and the key. */
public record JsonFile(Path path, ObjectNode root) {
    private static final long MAX_BYTES = 256L << 20; // the largest tokenizers in use have about 35 MB
    private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxDocumentLength(MAX_BYTES)
                    .maxNestingDepth(64)
                    .maxStringLength(1 << 20)
                    .build())
            .build());

    /**
     * Parses a file.
     *
     * @throws IllegalArgumentException if it is not a JSON object of a reasonable size
     */
    public static JsonFile read(Path path) throws IOException {
        long bytes = Files.size(path);
        if (bytes > MAX_BYTES) {
            throw new IllegalArgumentException(path + " has " + bytes + " bytes, a configuration at most " + MAX_BYTES
                    + "; is it another kind of file?");
        }
        try (InputStream in = Files.newInputStream(path)) {
            return read(in, path);
        }
    }

    /**
     * Parses a stream to its end.
     *
     * @param name where it comes from, for messages
     * @throws IllegalArgumentException if it is not a JSON object of a reasonable size
     */
    public static JsonFile read(InputStream in, Path name) throws IOException {
        try {
            if (MAPPER.readTree(in) instanceof ObjectNode object) {
                return new JsonFile(name, object);
            }
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    name + " is not valid JSON (" + e.getOriginalMessage() + "); download or export the model again",
                    e);
        }
        throw new IllegalArgumentException(name + " is not a JSON object; download or export the model again");
    }

    /** As {@link #read(Path)}, or an object without keys if there is no such file. */
    public static JsonFile readIfPresent(Path path) throws IOException {
        return Files.isRegularFile(path) ? read(path) : empty(path);
    }

    /** An object without keys. */
    public static JsonFile empty(Path path) {
        return new JsonFile(path, MAPPER.createObjectNode());
    }

    /** The object as maps, lists, texts, numbers and booleans. */
    public Map<String, Object> values() {
        return MAPPER.convertValue(root, new TypeReference<>() {});
    }

    /** Whether the key is there and not null. */
    public boolean has(String key) {
        return root.hasNonNull(key);
    }

    public Optional<String> text(String key) {
        return get(key, JsonNodeType.STRING, "a text").map(JsonNode::textValue);
    }

    /** A special token: a text, or an object that holds it as {@code content}. */
    public Optional<String> token(String key) {
        JsonNode node = root.path(key);
        return node.path("content").isTextual()
                ? Optional.of(node.get("content").textValue())
                : text(key);
    }

    /** A finite number. */
    public OptionalDouble real(String key) {
        Optional<JsonNode> node = get(key, JsonNodeType.NUMBER, "a number");
        if (node.isEmpty()) {
            return OptionalDouble.empty();
        }
        double value = node.get().doubleValue();
        if (!Double.isFinite(value)) {
            throw wrong(key, "a finite number");
        }
        return OptionalDouble.of(value);
    }

    public Optional<Boolean> flag(String key) {
        return get(key, JsonNodeType.BOOLEAN, "true or false").map(JsonNode::booleanValue);
    }

    /** Finite numbers. */
    public Optional<double[]> reals(String key, int count) {
        String expected = count + " finite numbers";
        return get(key, JsonNodeType.ARRAY, expected).map(array -> {
            double[] values = StreamSupport.stream(array.spliterator(), false)
                    .filter(JsonNode::isNumber)
                    .mapToDouble(JsonNode::doubleValue)
                    .filter(Double::isFinite)
                    .toArray();
            if (values.length != count || array.size() != count) {
                throw wrong(key, expected);
            }
            return values;
        });
    }

    /** A positive integer. */
    public OptionalInt count(String key) {
        Optional<JsonNode> node = get(key, JsonNodeType.NUMBER, "a positive integer");
        if (node.isEmpty()) {
            return OptionalInt.empty();
        }
        if (!node.get().canConvertToExactIntegral()
                || !node.get().canConvertToInt()
                || node.get().intValue() <= 0) {
            throw wrong(key, "a positive integer");
        }
        return OptionalInt.of(node.get().intValue());
    }

    public IllegalArgumentException wrong(String key, String expected) {
        return new IllegalArgumentException(
                path + ": expected " + expected + " for \"" + key + "\", got " + abbreviated(root.get(key)));
    }

    private Optional<JsonNode> get(String key, JsonNodeType type, String expected) {
        if (!has(key)) {
            return Optional.empty();
        }
        JsonNode node = root.get(key);
        if (node.getNodeType() != type) {
            throw wrong(key, expected);
        }
        return Optional.of(node);
    }

    private static String abbreviated(JsonNode node) {
        String text = String.valueOf(node);
        return text.length() <= 80 ? text : text.substring(0, 77) + "...";
    }
}
