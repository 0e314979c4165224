package dev.rlcm.onnx.pipeline.encoders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npz;
import dev.rlcm.reward.Sample;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Goldens: transformers' CLIPImageProcessor on Pillow 9.4, see fixtures/clip-golden/README.md. Levels agree to the bit. */
class ClipImageProcessorTest {
    private static final Path GOLDEN = Path.of(System.getProperty("rlcm.root"), "fixtures", "clip-golden");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "photo_128x128", "photo_256x256", "photo_200x150", "photo_97x301", "photo_301x199", "checker_64x64",
                "noise_140x130", "gradient_384x512", "tiny_5x3", "rgba_140x180", "gray_150x130", "palette_96x96"
            })
    void levelsAreThoseOfPillow(String image) throws IOException {
        ClipImageProcessor processor = ClipImageProcessor.load(GOLDEN.resolve("preprocessor_config.json"));
        assertThat(processor.levels(picture("images/" + image)))
                .isDeepEqualTo(planes(picture("expected_128/" + image)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"checker_64x64", "photo_301x199", "photo_97x301"})
    void sizesOfTheLargeModelAreTheDefaults(String image) throws IOException {
        assertThat(processor("{}").levels(picture("images/" + image)))
                .isDeepEqualTo(planes(picture("expected_224/" + image)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pad_shortest96_crop128 | photo_200x150 | {\"size\": {\"shortest_edge\": 96}, \"crop_size\": 128}",
                "pad_odd_shortest95_crop128 | photo_200x150 | {\"size\": 95, \"crop_size\": 128}",
                "odd_shortest101_crop75x90 | photo_97x301 | {\"size\": 101, \"crop_size\": {\"height\": 75, \"width\": 90}}",
                "fixed_128x128 | photo_97x301 | {\"size\": {\"height\": 128, \"width\": 128}, \"do_center_crop\": false}"
            })
    void cropsPadAndSizesMayBeFixed(String key, String image, String config) throws IOException {
        TensorData expected = Npz.read(GOLDEN.resolve("variants.npz")).get(key);
        byte[][] levels = processor(config).levels(picture("images/" + image));
        assertThat(levels).isDeepEqualTo(planes(expected, 0));
    }

    @Test
    void valuesAreScaledAndNormalisedByChannel() throws IOException {
        ClipImageProcessor processor = ClipImageProcessor.load(GOLDEN.resolve("preprocessor_config.json"));
        float[] expected =
                Npz.read(GOLDEN.resolve("pixel_values.npz")).get("photo_97x301").toFloats();
        float[] actual = processor.pixelValues(picture("images/photo_97x301")).toFloats();
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], within(1e-6f));
        }
    }

    /** Each of two passes rounds to a level, of which a value has 1 / (255 std). */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "photo_97x301 | {\"size\": 128, \"crop_size\": 128}",
                "photo_200x150 | {\"size\": 95, \"crop_size\": 128}",
                "photo_97x301 | {\"size\": 101, \"crop_size\": {\"height\": 75, \"width\": 90}}",
                "photo_128x128 | {\"size\": 128, \"crop_size\": 128}"
            })
    void theGraphPreparesPicturesAlikeButForRounding(String row) throws IOException {
        String[] cells = row.split(" \\| ");
        ClipImageProcessor processor = processor(cells[1]);
        Sample sample = picture("images/" + cells[0]);
        Value picture = Value.input("picture", DataType.FLOAT32, Shape.of(1, 3, sample.height(), sample.width()));
        Graph graph = Graph.of("values", processor.pixelValues(picture));
        try (ReferenceBackend backend = new ReferenceBackend()) {
            TensorData values = backend.compile(graph)
                    .run(Map.of("picture", TensorData.floats(picture.shape(), sample.pixels())))
                    .get("values");
            float[] expected = processor.pixelValues(sample).toFloats();
            double level = 1 / (255 * 0.26);
            assertThat(values.toDoubles()).hasSize(expected.length);
            for (int i = 0; i < expected.length; i++) {
                assertThat(values.getDouble(i)).isCloseTo(expected[i], within(1.2 * level));
            }
        }
    }

    @Test
    void realsBecomeLevelsAsInEitherReference() throws IOException {
        Map<String, TensorData> golden = Npz.read(GOLDEN.resolve("float_route.npz"));
        ClipImageProcessor processor = ClipImageProcessor.load(GOLDEN.resolve("preprocessor_config.json"));
        float[] pixels = golden.get("images_nchw").toFloats();
        int size = pixels.length / 2;
        for (int i = 0; i < 2; i++) {
            Sample sample = Sample.of("", 112, 120, Arrays.copyOfRange(pixels, i * size, (i + 1) * size));
            assertThat(processor.levels(sample)).isDeepEqualTo(planes(golden.get("images_ddpo_levels"), i));
            assertThat(processor.truncating().levels(sample))
                    .isDeepEqualTo(planes(golden.get("images_rlcm_levels"), i));
        }
    }

    @Property(tries = 200)
    void evenPicturesStayEven(
            @ForAll byte level,
            @ForAll @IntRange(min = 1, max = 40) int height,
            @ForAll @IntRange(min = 1, max = 40) int width,
            @ForAll @IntRange(min = 1, max = 60) int newHeight,
            @ForAll @IntRange(min = 1, max = 60) int newWidth) {
        byte[] plane = new byte[height * width];
        Arrays.fill(plane, level);
        byte[] resized = PillowResize.bicubic(plane, height, width, newHeight, newWidth);
        assertThat(resized).hasSize(newHeight * newWidth).containsOnly(level);
    }

    @Property(tries = 200)
    void mirroredPicturesGiveMirroredResults(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 30) int width,
            @ForAll @IntRange(min = 1, max = 30) int newWidth) {
        byte[] row = new byte[width];
        new Random(seed).nextBytes(row);
        byte[] forwards = PillowResize.bicubic(row, 1, width, 1, newWidth);
        byte[] backwards = PillowResize.bicubic(mirrored(row), 1, width, 1, newWidth);
        byte[] expected = mirrored(forwards);
        for (int i = 0; i < newWidth; i++) { // the borders of the filter are rounded one way
            assertThat(backwards[i] & 0xff).isCloseTo(expected[i] & 0xff, within(1));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"resample\": 1} | \"resample\"",
                "{\"size\": {\"longest_edge\": 5}} | \"size\"",
                "{\"size\": 0} | \"size\"",
                "{\"crop_size\": 100000} | \"crop_size\"",
                "{\"do_center_crop\": false} | \"do_center_crop\"",
                "{\"do_resize\": 3} | \"do_resize\"",
                "{\"image_mean\": [0.5]} | \"image_mean\"",
                "{\"image_std\": [0.5, 0.5, \"x\"]} | \"image_std\"",
                "{\"image_std\": [0.5, 0.5, 0]} | \"image_std\""
            })
    void whatIsNotSupportedIsNamed(String config, String key) {
        assertThatThrownBy(() -> processor(config))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(key)
                .hasMessageContaining("config.json");
    }

    private ClipImageProcessor processor(String json) throws IOException {
        return ClipImageProcessor.load(Files.writeString(folder.resolve("config.json"), json));
    }

    /** The picture as Pillow's convert("RGB") has it: alpha dropped, grey levels repeated as they are. */
    private static Sample picture(String name) {
        try {
            BufferedImage image = ImageIO.read(GOLDEN.resolve(name + ".png").toFile());
            int plane = image.getHeight() * image.getWidth();
            boolean grey = image.getRaster().getNumBands() == 1 && !(image.getColorModel() instanceof IndexColorModel);
            float[] pixels = new float[3 * plane];
            for (int i = 0; i < plane; i++) {
                int x = i % image.getWidth();
                int y = i / image.getWidth();
                int rgb = grey ? image.getRaster().getSample(x, y, 0) * 0x10101 : image.getRGB(x, y);
                for (int channel = 0; channel < 3; channel++) {
                    pixels[channel * plane + i] = (rgb >> 16 - 8 * channel & 0xff) / 255f;
                }
            }
            return Sample.of("", image.getHeight(), image.getWidth(), pixels);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[][] planes(Sample sample) {
        int plane = sample.height() * sample.width();
        byte[][] planes = new byte[3][plane];
        for (int i = 0; i < 3 * plane; i++) {
            planes[i / plane][i % plane] = (byte) Math.round(sample.pixels()[i] * 255);
        }
        return planes;
    }

    /** One picture of [H, W, 3] or [B, H, W, 3]. */
    private static byte[][] planes(TensorData levels, int picture) {
        int rank = levels.shape().rank();
        int plane = levels.shape().dim(rank - 3) * levels.shape().dim(rank - 2);
        byte[][] planes = new byte[3][plane];
        for (int i = 0; i < 3 * plane; i++) {
            planes[i % 3][i / 3] = (byte) levels.getDouble(picture * 3 * plane + i);
        }
        return planes;
    }

    private static byte[] mirrored(byte[] row) {
        byte[] result = new byte[row.length];
        for (int i = 0; i < row.length; i++) {
            result[i] = row[row.length - 1 - i];
        }
        return result;
    }
}
