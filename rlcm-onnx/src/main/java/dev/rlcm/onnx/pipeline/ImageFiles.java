package dev.rlcm.onnx.pipeline;

import dev.rlcm.io.AtomicFiles;
import dev.rlcm.io.FileErrors;
import dev.rlcm.reward.Sample;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageInputStream;
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

    /**
     * Reads a picture in any format that ImageIO knows, as RGB; an alpha channel is blended with white. Its prompt is empty.
     *
     * @throws IOException if the file cannot be read or is no picture
     */
    public static Sample read(Path file) throws IOException {
        BufferedImage image = decode(file);
        int height = image.getHeight();
        int width = image.getWidth();
        BufferedImage opaque = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = opaque.createGraphics();
        graphics.drawImage(image, 0, 0, Color.WHITE, null);
        graphics.dispose();
        int[] rgb = opaque.getRGB(0, 0, width, height, null, 0, width);
        float[] pixels = new float[3 * rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            pixels[i] = (rgb[i] >> 16 & 0xff) / 255f;
            pixels[rgb.length + i] = (rgb[i] >> 8 & 0xff) / 255f;
            pixels[2 * rgb.length + i] = (rgb[i] & 0xff) / 255f;
        }
        return Sample.of("", height, width, pixels);
    }

    private static BufferedImage decode(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            BufferedImage image = ImageIO.read(new MemoryCacheImageInputStream(in)); // closes it
            if (image == null) {
                throw new IOException(file + " is not a picture that this Java runtime can read; give PNG or JPEG");
            }
            return image;
        } catch (IOException e) {
            throw FileErrors.naming(file, e);
        }
    }
}
