package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.reward.Sample;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFilesTest {
    private static final Sample SAMPLE = Sample.of("x", 1, 2, new float[] {0, 1, 0.5f, 2, -1, 0.2f});

    @TempDir
    Path directory;

    @Test
    void aPngHoldsTheSamplesPixels() throws IOException {
        Path file = directory.resolve("deep/er/picture.png");
        ImageFiles.writePng(SAMPLE, file);
        ImageFiles.writePng(SAMPLE, file);
        BufferedImage image = ImageIO.read(file.toFile());
        assertThat(image.getWidth()).isEqualTo(2);
        assertThat(image.getHeight()).isEqualTo(1);
        assertThat(image.getRGB(0, 0)).isEqualTo(0xff008000);
        assertThat(image.getRGB(1, 0)).isEqualTo(0xffffff33);
    }

    @Test
    void aFailedWriteLeavesNothing() throws IOException {
        Path blocked =
                Files.createDirectories(directory.resolve("taken.png/inside")).getParent();
        assertThatThrownBy(() -> ImageFiles.writePng(SAMPLE, blocked)).isInstanceOf(IOException.class);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(blocked);
        }
    }

    @Test
    void whatIsWrittenIsReadToTheLevel() throws IOException {
        Path file = directory.resolve("picture.png");
        ImageFiles.writePng(SAMPLE, file);
        Sample read = ImageFiles.read(file);
        assertThat(read.height()).isEqualTo(1);
        assertThat(read.width()).isEqualTo(2);
        assertThat(read.pixels()).containsExactly(0, 1, 128 / 255f, 1, 0, 51 / 255f);
    }

    @Test
    void transparentPixelsBecomeWhite() throws IOException {
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0x00123456);
        image.setRGB(1, 0, 0xff00ff00);
        Path file = directory.resolve("picture.png");
        ImageIO.write(image, "png", file.toFile());
        assertThat(ImageFiles.read(file).pixels()).containsExactly(1, 0, 1, 1, 1, 0);
    }

    @Test
    void whatIsNoPictureIsNamed() throws IOException {
        Path text = Files.writeString(directory.resolve("notes.png"), "no picture");
        assertThatThrownBy(() -> ImageFiles.read(text))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("notes.png is not a picture");
        Path damaged = directory.resolve("damaged.png");
        ImageFiles.writePng(SAMPLE, damaged);
        Files.write(damaged, Arrays.copyOf(Files.readAllBytes(damaged), 40));
        assertThatThrownBy(() -> ImageFiles.read(damaged))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("damaged.png");
        Path missing = directory.resolve("none.png");
        assertThatThrownBy(() -> ImageFiles.read(missing))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("none.png");
    }
}
