package dev.rlcm.rewards;

import static javax.imageio.plugins.jpeg.JPEGQTable.K1Luminance;
import static javax.imageio.plugins.jpeg.JPEGQTable.K2Chrominance;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Npz;
import dev.rlcm.reward.RewardPool;
import dev.rlcm.reward.Sample;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.plugins.jpeg.JPEGQTable;
import org.junit.jupiter.api.Test;

/** Goldens: Pillow 9.4, see fixtures/jpeg-golden/README.md. The files agree to the byte on JDK 17. */
class JpegRewardsTest {
    private static final Path GOLDEN = Path.of(System.getProperty("rlcm.root"), "fixtures", "jpeg-golden");

    @Test
    void sizesAreThoseOfPillow() throws IOException {
        Iterator<Map.Entry<String, JsonNode>> images = new ObjectMapper()
                .readTree(GOLDEN.resolve("sizes.json").toFile())
                .properties()
                .iterator();
        int checked = 0;
        while (images.hasNext()) {
            Map.Entry<String, JsonNode> golden = images.next();
            double expected = golden.getValue().get("jpeg_bytes").asInt() / 1000.0;
            List<Sample> samples = List.of(sample(golden.getKey()));
            double[] reward = new JpegCompressibility().score(samples);
            double[] opposite = new JpegIncompressibility().score(samples);
            assertThat(-reward[0]).as(golden.getKey()).isCloseTo(expected, within(0.02 * expected));
            assertThat(opposite[0]).isEqualTo(-reward[0]);
            checked++;
        }
        assertThat(checked).isEqualTo(15);
    }

    @Test
    void floatPicturesTakeTheRouteOfTheReference() throws IOException {
        Map<String, TensorData> golden = Npz.read(GOLDEN.resolve("float_route.npz"));
        float[] pixels = golden.get("images_nchw").toFloats();
        ByteBuffer levels = golden.get("uint8_nhwc").bytes();
        float[] expected = golden.get("incompressibility").toFloats();
        int size = 64;
        int length = 3 * size * size;
        for (int n = 0; n < 2; n++) {
            Sample sample = Sample.of("", size, size, Arrays.copyOfRange(pixels, n * length, (n + 1) * length));
            int[] rgb = sample.toBufferedImage().getRGB(0, 0, size, size, null, 0, size);
            for (int i = 0; i < rgb.length; i++) {
                int at = n * length + 3 * i;
                int level =
                        (levels.get(at) & 0xff) << 16 | (levels.get(at + 1) & 0xff) << 8 | (levels.get(at + 2) & 0xff);
                assertThat(rgb[i] & 0xffffff).isEqualTo(level);
            }
            assertThat(new JpegIncompressibility().score(List.of(sample))[0])
                    .isCloseTo(expected[n], within(0.02 * expected[n]));
        }
    }

    @Test
    void quantisationTablesAreThoseOfLibjpegAtEveryQuality() throws IOException {
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        ImageWriter writer = JpegSize.jdkWriter();
        for (int quality = 1; quality <= 100; quality++) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            long length = JpegSize.write(writer, image, quality, out);
            byte[] file = out.toByteArray();
            assertThat(length).isEqualTo(file.length);
            int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality; // jcparam.c, jpeg_quality_scaling
            assertThat(quantisationTable(file, 0)).as("quality %s", quality).isEqualTo(scaled(K1Luminance, scale));
            assertThat(quantisationTable(file, 1)).as("quality %s", quality).isEqualTo(scaled(K2Chrominance, scale));
        }
        writer.dispose();
    }

    @Test
    void aPoolOfThreadsScoresAsOneDoes() throws Exception {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            samples.add(sample("photo_like_64.png"));
            samples.add(sample("noise_rgb_64.png"));
            samples.add(sample("gradient_64.png"));
        }
        double[] direct = new JpegCompressibility(80).score(samples);
        try (RewardPool pool = RewardPool.of(new JpegCompressibility(80), 4)) {
            assertThat(pool.submit(samples).await()).containsExactly(direct);
        }
    }

    @Test
    void lowerQualityMakesSmallerFiles() throws IOException {
        List<Sample> photo = List.of(sample("photo_like_256.png"));
        double previous = 0;
        for (int quality : new int[] {1, 20, 50, 80, 95, 100}) {
            double size = new JpegIncompressibility(quality).score(photo)[0];
            assertThat(size).isGreaterThan(previous);
            previous = size;
        }
    }

    @Test
    void qualityIsChecked() {
        assertThatThrownBy(() -> new JpegCompressibility(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("JPEG quality must be in [1, 100], got 0");
        assertThatThrownBy(() -> new JpegIncompressibility(101))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("JPEG quality must be in [1, 100], got 101");
        assertThat(new JpegCompressibility().quality()).isEqualTo(95);
    }

    private static Sample sample(String file) throws IOException {
        BufferedImage image = ImageIO.read(GOLDEN.resolve(file).toFile());
        int width = image.getWidth();
        int plane = width * image.getHeight();
        float[] pixels = new float[3 * plane];
        for (int i = 0; i < plane; i++) {
            int rgb = image.getRGB(i % width, i / width);
            for (int channel = 0; channel < 3; channel++) {
                pixels[channel * plane + i] = (rgb >> (16 - 8 * channel) & 0xff) / 255f;
            }
        }
        return Sample.of(file, image.getHeight(), width, pixels);
    }

    /** Table 0 or 1 in ascending order: the two follow the start marker and the JFIF header of 18 bytes. */
    private static int[] quantisationTable(byte[] file, int table) {
        int begin = 20 + table * 69;
        assertThat(Arrays.copyOfRange(file, begin, begin + 5)).containsExactly(0xff, 0xdb, 0, 67, table);
        int[] entries = new int[64];
        for (int i = 0; i < entries.length; i++) {
            entries[i] = file[begin + 5 + i] & 0xff;
        }
        Arrays.sort(entries);
        return entries;
    }

    private static int[] scaled(JPEGQTable table, int percent) {
        return Arrays.stream(table.getTable())
                .map(entry -> Math.max(1, Math.min(255, (entry * percent + 50) / 100)))
                .sorted()
                .toArray();
    }
}
