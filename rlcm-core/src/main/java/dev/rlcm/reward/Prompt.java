package dev.rlcm.reward;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a picture is made from, and what its reward should know about it. The model sees the text alone; the reward reads both
 * from the {@link Sample}. Immutable as long as the values of the metadata are.
 *
 * @param text what the model is asked for; may be empty, which is the unconditional prompt
 * @param metadata free fields for the reward, such as the number of objects asked for or a reference caption; plain values
 *     (strings, numbers, booleans, lists and maps of these), none null. Copied, its order included
 */
public record Prompt(String text, Map<String, Object> metadata) {
    public Prompt {
        Objects.requireNonNull(text, "text");
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        metadata.forEach((field, value) -> {
            if (value == null) {
                throw new IllegalArgumentException(
                        "metadata " + field + " of \"" + text + "\" must not be null; leave the field out");
            }
        });
    }

    /** A prompt without metadata. */
    public static Prompt of(String text) {
        return new Prompt(text, Map.of());
    }

    /** Prompts without metadata, one per text, in their order. */
    public static List<Prompt> all(List<String> texts) {
        return texts.stream().map(Prompt::of).toList();
    }

    /** This prompt with one more field of metadata, or another value of it. */
    public Prompt with(String field, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(metadata);
        more.put(field, value);
        return new Prompt(text, more);
    }
}
