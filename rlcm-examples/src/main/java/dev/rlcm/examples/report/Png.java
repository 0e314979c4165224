package dev.rlcm.examples.report;

import dev.rlcm.io.AtomicFiles;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Pictures as PNG, without ImageIO's cache files. */
public final class Png {
    private Png() {}

    /**
     * Writes a file, atomically.
     *
     * @throws IOException if it cannot be written
     */
    public static void write(Path target, BufferedImage image) throws IOException {
        AtomicFiles.write(target, out -> write(out, image));
    }

    static void write(OutputStream out, BufferedImage image) throws IOException {
        try (ImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
            if (!ImageIO.write(image, "png", stream)) {
                throw new IOException("ImageIO has no PNG writer; use a runtime image with the module java.desktop");
            }
        }
    }
}
