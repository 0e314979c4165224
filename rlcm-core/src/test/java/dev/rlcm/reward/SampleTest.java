package dev.rlcm.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class SampleTest {
    @Property(tries = 50)
    void everyLevelSurvivesTheWayToEightBits(
            @ForAll @IntRange(min = 1, max = 7) int height,
            @ForAll @IntRange(min = 1, max = 7) int width,
            @ForAll @IntRange(max = 255) int first) {
        float[] pixels = new float[3 * height * width];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (first + i) % 256 / 255f;
        }
        BufferedImage image = Sample.of("", height, width, pixels).toBufferedImage();
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int channel = 0; channel < 3; channel++) {
                    int level = image.getRGB(x, y) >> (16 - 8 * channel) & 0xff;
                    assertThat(level).isEqualTo((first + (channel * height + y) * width + x) % 256);
                }
            }
        }
    }

    @Test
    void levelsRoundHalfToEvenAndClamp() {
        float[] pixels = {-0.3f, 0.5f / 255, 1.5f / 255, 1.7f, 2.5f / 255, 254.6f / 255};
        BufferedImage image = Sample.of("", 1, 2, pixels).toBufferedImage();
        assertThat(image.getRGB(0, 0)).isEqualTo(0xff000202);
        assertThat(image.getRGB(1, 0)).isEqualTo(0xff00ffff);
    }

    @Test
    void imageIsACopyInFloat32OfShapeChannelsHeightWidth() {
        float[] pixels = new float[3 * 2 * 5];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = i / 32f;
        }
        Sample sample = Sample.of("a", 2, 5, pixels);
        INDArray image = sample.image();
        assertThat(image.shape()).containsExactly(3, 2, 5);
        assertThat(image.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(image.getDouble(2, 1, 3)).isEqualTo((2 * 10 + 1 * 5 + 3) / 32.0);
        image.assign(0);
        assertThat(sample.pixels()[29]).isEqualTo(29 / 32f);
    }

    /** In a class loader of its own, since ND4J looks for its backend once. */
    @Test
    void withoutABackendOfNd4jTheImageSaysWhatToAdd() throws Exception {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<URL> urls = new ArrayList<>();
        for (String entry : classPath.split(File.pathSeparator)) {
            if (!entry.contains("nd4j-native")) {
                urls.add(Path.of(entry).toUri().toURL());
            }
        }
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader loader =
                new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            thread.setContextClassLoader(loader);
            Class<?> type = loader.loadClass(Sample.class.getName());
            Object sample = type.getMethod("of", String.class, int.class, int.class, float[].class)
                    .invoke(null, "a cat", 1, 1, new float[3]);
            for (int call = 0; call < 2; call++) {
                assertThatThrownBy(() -> type.getMethod("image").invoke(sample))
                        .cause()
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("add org.nd4j:nd4j-native");
            }
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @Test
    void wrongLengthsAndDivergedPicturesAreRejected() {
        assertThatThrownBy(() -> Sample.of("a cat", 2, 2, new float[11]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pixels [3, 2, 2] take 12 values, got 11 (prompt \"a cat\")");
        assertThatThrownBy(() -> Sample.of("a cat", 0, 2, new float[0]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("height and width must be positive, got 0 x 2");
        assertThatThrownBy(() -> Sample.of("a cat", 1, 1, new float[] {0, Float.NaN, 0}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("pixel value 1", "\"a cat\"", "NaN", "lower the learning rate");
    }
}
