package dev.rlcm.examples.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.io.AtomicFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Artwork that npm need not fetch: three sets in which every animal is a disc, of another colour in each. */
final class DiscArtwork {
    static final Map<EmojiStyle, String> COLOURS =
            Map.of(EmojiStyle.FLUENT_FLAT, "#f00", EmojiStyle.NOTO, "#0f0", EmojiStyle.TWEMOJI, "#00f");

    private DiscArtwork() {}

    /** Writes it where {@link Artwork} looks, as if it were installed. */
    static void write(Path folder) throws IOException {
        for (Map.Entry<EmojiStyle, String> style : COLOURS.entrySet()) {
            Map<String, String> names = new LinkedHashMap<>();
            Map<String, Object> icons = new LinkedHashMap<>();
            for (Artwork.Animal animal : Artwork.animals()) {
                names.put(animal.emoji().get(0), animal.name());
                icons.put(
                        animal.name(),
                        Map.of("body", "<circle cx='8' cy='10' r='6' fill='" + style.getValue() + "'/>"));
            }
            Path set = folder.resolve("node_modules").resolve(style.getKey().packageName);
            write(set.resolve("chars.json"), names);
            write(set.resolve("icons.json"), Map.of("width", 20, "height", 20, "icons", icons));
        }
        Files.writeString(folder.resolve("node_modules/.package-lock.json"), "{}");
        try (InputStream lock = Artwork.class.getResourceAsStream("/lab/package-lock.json")) {
            Files.copy(Objects.requireNonNull(lock), folder.resolve("package-lock.json"));
        }
    }

    private static void write(Path file, Object content) throws IOException {
        AtomicFiles.writeString(file, new ObjectMapper().writeValueAsString(content));
    }
}
