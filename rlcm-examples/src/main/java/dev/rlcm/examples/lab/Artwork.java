package dev.rlcm.examples.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.io.AtomicFiles;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * The emoji sets' drawings, from npm packages of fixed versions and checksums, which {@code npm ci} verifies. Not thread-safe.
 */
final class Artwork {
    /** What npm writes when everything is installed. */
    private static final String INSTALLED = "node_modules/.package-lock.json";

    private static final List<String> RECIPE = List.of("package.json", "package-lock.json");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path packages;
    private final Map<EmojiStyle, IconSet> sets = new EnumMap<>(EmojiStyle.class);

    /** An Iconify set: names by code points, and drawings by names. */
    private record IconSet(JsonNode names, JsonNode icons) {}

    private Artwork(Path packages) {
        this.packages = packages;
    }

    /**
     * The artwork in a folder, into which npm fetches it unless it is there: 70 MB, a few seconds.
     *
     * @throws IOException if npm is missing or fails
     */
    static Artwork in(Path folder) throws IOException {
        if (!isInstalled(folder)) {
            install(folder);
        }
        return new Artwork(folder.resolve("node_modules"));
    }

    private static boolean isInstalled(Path folder) throws IOException {
        Path lock = folder.resolve("package-lock.json");
        return Files.exists(folder.resolve(INSTALLED))
                && Files.exists(lock)
                && Files.readString(lock).equals(resource("package-lock.json"));
    }

    private static void install(Path folder) throws IOException {
        for (String file : RECIPE) {
            AtomicFiles.writeString(folder.resolve(file), resource(file));
        }
        try {
            int code = new ProcessBuilder("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
                    .directory(folder.toFile())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start()
                    .waitFor();
            if (code != 0) {
                throw new IOException("npm ci in " + folder + " ended with " + code + "; what it says is above");
            }
        } catch (IOException e) {
            throw new IOException(
                    "cannot fetch the emoji artwork: " + e.getMessage() + "; it takes npm, which comes with"
                            + " Node.js, on the path",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while npm fetched the emoji artwork", e);
        }
    }

    private static String resource(String file) throws IOException {
        try (InputStream in = Objects.requireNonNull(Artwork.class.getResourceAsStream("/lab/" + file), file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** The animals of {@code animals.txt}. */
    static List<Animal> animals() throws IOException {
        return resource("animals.txt")
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> List.of(line.split(" ")))
                .map(words -> new Animal(words.get(0), words.subList(1, words.size())))
                .toList();
    }

    /**
     * An animal and its emoji.
     *
     * @param emoji code points in hexadecimal, with dashes between; the first is the plain one
     */
    record Animal(String name, List<String> emoji) {}

    /** A drawing in a style, with premultiplied alpha, or nothing if the set has none. */
    Optional<BufferedImage> draw(EmojiStyle style, String emoji) throws IOException {
        return style.isVector ? vector(style, emoji) : bitmap(style, emoji);
    }

    /** Sets differ in whether they write the selector of emoji presentation. */
    private static List<String> spellings(String emoji) {
        return Stream.of(emoji, emoji + "-fe0f", emoji.replace("-fe0f", ""))
                .distinct()
                .toList();
    }

    private Optional<BufferedImage> bitmap(EmojiStyle style, String emoji) throws IOException {
        Path assets = packages.resolve(style.packageName).resolve("assets");
        for (String spelling : spellings(emoji)) {
            Path file = assets.resolve(spelling + ".webp");
            if (Files.exists(file)) {
                BufferedImage image = ImageIO.read(new ByteArrayInputStream(Files.readAllBytes(file)));
                if (image == null) {
                    throw new IOException("ImageIO cannot read " + file + "; is imageio-webp on the class path?");
                }
                return Optional.of(Rasters.premultiplied(image));
            }
        }
        return Optional.empty();
    }

    private Optional<BufferedImage> vector(EmojiStyle style, String emoji) throws IOException {
        IconSet set = set(style);
        for (String spelling : spellings(emoji)) {
            JsonNode icon =
                    set.icons.path("icons").path(set.names.path(spelling).asText());
            if (icon.has("body")) {
                return Optional.of(Rasters.svg(svg(set.icons, icon)));
            }
        }
        return Optional.empty();
    }

    /** An icon's own extents win over the set's. */
    private static String svg(JsonNode set, JsonNode icon) {
        int width = icon.path("width").asInt(set.path("width").asInt());
        int height = icon.path("height").asInt(set.path("height").asInt());
        return String.format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""
                        + " viewBox=\"%d %d %d %d\">%s</svg>",
                icon.path("left").asInt(),
                icon.path("top").asInt(),
                width,
                height,
                icon.path("body").asText());
    }

    private IconSet set(EmojiStyle style) throws IOException {
        IconSet known = sets.get(style);
        if (known == null) {
            Path folder = packages.resolve(style.packageName);
            known = new IconSet(
                    JSON.readTree(folder.resolve("chars.json").toFile()),
                    JSON.readTree(folder.resolve("icons.json").toFile()));
            sets.put(style, known);
        }
        return known;
    }
}
