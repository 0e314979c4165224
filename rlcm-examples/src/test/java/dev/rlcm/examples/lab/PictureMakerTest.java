package dev.rlcm.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.io.AtomicFiles;
import dev.rlcm.onnx.pipeline.ImageFolder;
import dev.rlcm.reward.Sample;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Artwork that npm has not fetched: sets in which every animal is a disc, of another colour in each. */
class PictureMakerTest {
    private static final Map<EmojiStyle, String> COLOURS =
            Map.of(EmojiStyle.FLUENT_FLAT, "#f00", EmojiStyle.NOTO, "#0f0", EmojiStyle.TWEMOJI, "#00f");

    /** The smallest WebP there is: one pixel that cannot be seen. */
    private static final String WEBP = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==";

    @TempDir
    static Path cache;

    private static PictureMaker maker;

    @BeforeAll
    static void makeArtwork() throws IOException {
        Path artwork = cache.resolve("artwork");
        for (Map.Entry<EmojiStyle, String> style : COLOURS.entrySet()) {
            Map<String, String> names = new LinkedHashMap<>();
            Map<String, Object> icons = new LinkedHashMap<>();
            for (Artwork.Animal animal : Artwork.animals()) {
                names.put(animal.emoji().get(0), animal.name());
                icons.put(
                        animal.name(),
                        Map.of("body", "<circle cx='8' cy='10' r='6' fill='" + style.getValue() + "'/>"));
            }
            Path folder = artwork.resolve("node_modules").resolve(style.getKey().packageName);
            write(folder.resolve("chars.json"), names);
            write(folder.resolve("icons.json"), Map.of("width", 20, "height", 20, "icons", icons));
        }
        Files.writeString(artwork.resolve("node_modules/.package-lock.json"), "{}");
        try (InputStream lock = Artwork.class.getResourceAsStream("/lab/package-lock.json")) {
            Files.copy(lock, artwork.resolve("package-lock.json"));
        }
        maker = PictureMaker.load(artwork, true, 5);
    }

    private static void write(Path file, Object content) throws IOException {
        AtomicFiles.writeString(file, new ObjectMapper().writeValueAsString(content));
    }

    @Test
    void aPictureDependsOnSeedAndIndexAlone() throws IOException {
        List<float[]> forth = IntStream.range(0, 8).mapToObj(i -> maker.random(i).pixels()).toList();
        PictureMaker same = PictureMaker.load(cache.resolve("artwork"), true, 5);
        PictureMaker other = PictureMaker.load(cache.resolve("artwork"), true, 6);
        for (int i = 7; i >= 0; i--) {
            assertThat(same.random(i).pixels()).isEqualTo(forth.get(i));
            assertThat(other.random(i).pixels()).isNotEqualTo(forth.get(i));
        }
    }

    @Test
    void inTurnEveryPromptOfTheModelIsDrawnOnce() throws IOException {
        List<Sample> round = IntStream.range(0, 315).mapToObj(maker::inTurn).toList();
        assertThat(round).extracting(Sample::prompt).containsExactlyElementsOf(EmbeddedModel.prompts().all());
        assertThat(round.get(8).metadata()).containsEntry("animal", "dog").containsEntry("scene", "sea");
    }

    @Test
    void captionsKeepToTheWordsOfTheTokenizerAndNameTheSceneInTwoThirds() throws IOException {
        Path tokenizer = EmbeddedModel.emojiLcm().resolve("tokenizer/tokenizer.json");
        Set<String> vocabulary = new TreeSet<>();
        new ObjectMapper()
                .readTree(tokenizer.toFile())
                .path("model")
                .path("vocab")
                .fieldNames()
                .forEachRemaining(vocabulary::add);
        List<Sample> samples = IntStream.range(0, 400).mapToObj(maker::random).toList();
        assertThat(samples.stream().flatMap(sample -> List.of(sample.prompt().split(" ")).stream()).collect(Collectors.toSet()))
                .isSubsetOf(vocabulary);
        assertThat(samples).allSatisfy(sample -> assertThat(sample.prompt())
                .contains(sample.metadata().get("animal").toString()));
        long named = samples.stream()
                .filter(sample -> sample.metadata().containsKey("scene"))
                .count();
        assertThat(named / 400.0).isBetween(0.58, 0.75); // 2/3, four standard deviations
    }

    /** The disc's edge is mixed with the scene, and of the disc's own colour, not with what is transparent around it. */
    @Test
    void stylesDifferInTheAnimalOnly() {
        PictureMaker.Styles styles = maker.inAllStyles(6);
        assertThat(styles.pictures()).containsOnlyKeys(COLOURS.keySet());
        float[] scene = styles.scene().pixels();
        float[] red = styles.pictures().get(EmojiStyle.FLUENT_FLAT).pixels();
        float[] green = styles.pictures().get(EmojiStyle.NOTO).pixels();
        int plane = 64 * 64;
        int edges = 0;
        for (int i = 0; i < plane; i++) {
            double cover = 1 - red[2 * plane + i] / scene[2 * plane + i]; // neither disc has any blue
            assertThat(green[2 * plane + i]).isEqualTo(red[2 * plane + i]);
            assertThat((double) red[plane + i]).isCloseTo((1 - cover) * scene[plane + i], within(0.012));
            edges += cover > 0.05 && cover < 0.95 ? 1 : 0;
        }
        assertThat(red[plane / 2 + 32]).isGreaterThan(0.9f);
        assertThat(edges).isBetween(80, 400); // the circle is about 170 pixels long
    }

    @Test
    void theCommandWritesAFolderWithItsNotices() throws IOException {
        StringWriter text = new StringWriter();
        int code = Cli.commandLine(new DrawPictures())
                .setOut(new PrintWriter(text, true))
                .execute("--cache", cache.toString(), "--count", "5", "--seed", "5");
        assertThat(code).isZero();
        Path folder = cache.resolve("pictures");
        assertThat(text.toString()).contains(folder.toString());
        assertThat(folder.resolve("NOTICE.md")).content().contains("Twemoji");
        ImageFolder pictures = ImageFolder.open(folder);
        assertThat(pictures.size()).isEqualTo(5);
        assertThat(pictures.read(3).prompt()).isEqualTo(maker.random(3).prompt());
        assertThat(pictures.read(3).pixels()).containsExactly(levels(maker.random(3)), within(1e-6f));
    }

    private static float[] levels(Sample sample) {
        float[] levels = new float[sample.pixels().length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (float) Math.rint(sample.pixels()[i] * 255) / 255;
        }
        return levels;
    }

    @Test
    void bitmapsAreReadAndMissingOnesAreNone() throws IOException {
        Path assets = cache.resolve("artwork/node_modules/@lobehub/fluent-emoji-3d/assets");
        Files.createDirectories(assets);
        Files.write(assets.resolve("1f577-fe0f.webp"), Base64.getDecoder().decode(WEBP));
        Artwork artwork = Artwork.in(cache.resolve("artwork"));
        BufferedImage spider = artwork.draw(EmojiStyle.FLUENT_3D, "1f577").orElseThrow();
        assertThat(spider.getWidth()).isEqualTo(1);
        assertThat(spider.getRGB(0, 0) >>> 24).isZero();
        assertThatThrownBy(() -> Rasters.cropped(spider)).hasMessageContaining("empty");
        assertThat(artwork.draw(EmojiStyle.FLUENT_3D, "1f408")).isEmpty();
        assertThat(artwork.draw(EmojiStyle.NOTO, "1f4a9")).isEmpty();
        Files.delete(assets.resolve("1f577-fe0f.webp"));
    }

    @Test
    void aDrawingIsCroppedToWhatCanBeSeen() throws IOException {
        BufferedImage half = Rasters.svg("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 4 4\">"
                + "<rect x=\"1\" y=\"2\" width=\"2\" height=\"1\" fill=\"#102030\"/></svg>");
        BufferedImage cropped = Rasters.cropped(half);
        assertThat(cropped.getWidth()).isEqualTo(2 * cropped.getHeight());
        assertThat(cropped.getWidth()).isEqualTo(half.getWidth() / 2);
        assertThat(cropped.getRGB(3, 3)).isEqualTo(0xff102030);
    }
}
