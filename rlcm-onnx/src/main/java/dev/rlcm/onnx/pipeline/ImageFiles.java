package dev.rlcm.onnx.pipeline;

import dev.rlcm.io.AtomicFiles;
import dev.rlcm.reward.Sample;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Pictures as files. Thread-safe. */
public final class ImageFiles {
    private ImageFiles() {}

    /**
     * Replaces a file by the sample as an 8-bit RGB PNG, atomically; missing parent directories are made.
     *
     * @throws IOException if writing fails; the file is then as it was
     */
    public static void writePng(Sample sample, Path file) throws IOException {
        BufferedImage image = sample.toBufferedImage();
        AtomicFiles.write(file, out -> {
            try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
                if (!ImageIO.write(image, "png", stream)) {
                    throw new IOException("this Java runtime cannot write PNG; add the module java.desktop");
                }
            }
        });
    }
}
