package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.reward.Sample;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
}
