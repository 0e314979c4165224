package dev.rlcm.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.onnx.pipeline.ImageFolder;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureMakerTest {
    /** The smallest WebP there is: one pixel that cannot be seen. */
    private static final String WEBP = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==";

    @TempDir
    static Path cache;

    private static PictureMaker maker;

    @BeforeAll
    static void makeArtwork() throws IOException {
        DiscArtwork.write(cache.resolve("artwork"));
        maker = PictureMaker.load(cache.resolve("artwork"), true, 5);
    }

    @Test
    void aPictureDependsOnSeedAndIndexAlone() throws IOException {
        List<float[]> forth =
                IntStream.range(0, 8).mapToObj(i -> maker.random(i).pixels()).toList();
        PictureMaker same = PictureMaker.load(cache.resolve("artwork"), true, 5);
        PictureMaker other = PictureMaker.load(cache.resolve("artwork"), true, 6);
        for (int i = 7; i >= 0; i--) {
            assertThat(same.random(i).pixels()).isEqualTo(forth.get(i));
            assertThat(other.random(i).pixels()).isNotEqualTo(forth.get(i));
        }
    }

    @Test
    void inTurnEveryPromptOfTheModelIsDrawnOnceARound() throws IOException {
        List<String> prompts = EmbeddedModel.prompts().all();
        assertThat(prompts).hasSize(315);
        for (int i : new int[] {0, 8, 100, 314, 315}) {
            assertThat(maker.inTurn(i).prompt()).isEqualTo(prompts.get(i % 315));
        }
        assertThat(maker.inTurn(8).metadata())
                .containsEntry("animal", "dog")
                .containsEntry("scene", "sea")
                .containsKeys("style", "emoji");
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
        Random random = new Random(1);
        List<Artwork.Animal> animals = Artwork.animals();
        int named = 0;
        for (int i = 0; i < 900; i++) {
            String animal = animals.get(i % animals.size()).name();
            Scene scene = Scene.values()[i % Scene.values().length];
            Prompt caption = Captions.random(animal, scene, random);
            assertThat(vocabulary).contains(caption.text().split(" "));
            assertThat(caption.text()).contains(animal);
            assertThat(caption.metadata()).containsEntry("animal", animal);
            boolean namesTheScene = scene.phrases.stream().anyMatch(caption.text()::endsWith);
            assertThat(caption.metadata().containsKey("scene")).isEqualTo(namesTheScene);
            named += namesTheScene ? 1 : 0;
        }
        assertThat(named / 900.0).isBetween(0.60, 0.73); // 2/3, four standard deviations
    }

    /** The disc's edge is mixed with the scene, and of the disc's own colour, not with what is transparent around it. */
    @Test
    void stylesDifferInTheAnimalOnly() {
        PictureMaker.Styles styles = maker.inAllStyles(6);
        assertThat(styles.pictures()).containsOnlyKeys(DiscArtwork.COLOURS.keySet());
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

    /** Where a disc has no blue, what blue there is at its edge comes from the scene, and so does the same share of the other colours. */
    @Test
    void edgesAreMixedWithTheSceneAndWithNothingElse() throws IOException {
        BufferedImage red = Rasters.svg("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 4 4\">"
                + "<circle cx=\"2\" cy=\"2\" r=\"1.5\" fill=\"#f00\"/></svg>");
        BufferedImage white = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = Rasters.smooth(white);
        graphics.setPaint(Color.WHITE);
        graphics.fillRect(0, 0, 64, 64);
        graphics.drawImage(red, 0, 0, 64, 64, null);
        graphics.dispose();
        int edges = 0;
        for (int rgb : white.getRGB(0, 0, 64, 64, null, 0, 64)) {
            assertThat(rgb >> 16 & 0xff).isGreaterThanOrEqualTo(253);
            assertThat(rgb >> 8 & 0xff).isEqualTo(rgb & 0xff);
            edges += (rgb & 0xff) > 10 && (rgb & 0xff) < 245 ? 1 : 0;
        }
        assertThat(edges)
                .as("pixels of the edge that are neither red nor white")
                .isGreaterThan(20);
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
