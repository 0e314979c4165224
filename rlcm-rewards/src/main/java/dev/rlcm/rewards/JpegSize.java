package dev.rlcm.rewards;

import dev.rlcm.reward.Sample;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Sizes of pictures as JPEG files. The JDK's encoder is libjpeg: its defaults give the same bytes as Pillow's, but for
 * the minor version in the JFIF header.
 */
final class JpegSize {
    static final int DEFAULT_QUALITY = 95;

    private static final String JDK_WRITER = "com.sun.imageio.plugins.jpeg.";

    private JpegSize() {}

    static void checkQuality(int quality) {
        if (quality < 1 || quality > 100) {
            throw new IllegalArgumentException("JPEG quality must be in [1, 100], got " + quality);
        }
    }

    /** One size per sample, in units of 1000 bytes. */
    static double[] kilobytes(List<Sample> samples, int quality) {
        double[] sizes = new double[samples.size()];
        ImageWriter writer = jdkWriter();
        try {
            for (int i = 0; i < sizes.length; i++) {
                BufferedImage image = samples.get(i).toBufferedImage();
                sizes[i] = write(writer, image, quality, OutputStream.nullOutputStream()) / 1000.0;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the JPEG encoder failed", e);
        } finally {
            writer.dispose();
        }
        return sizes;
    }

    /** Encodes one picture in memory, whatever {@link ImageIO#setUseCache} says; returns the number of bytes. */
    static long write(ImageWriter writer, BufferedImage image, int quality, OutputStream out) throws IOException {
        ImageWriteParam param = writer.getDefaultWriteParam();
        param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        param.setCompressionQuality(imageIoQuality(quality));
        try (ImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
            writer.setOutput(stream);
            writer.write(null, new IIOImage(image, null, null), param);
            return stream.length();
        } finally {
            writer.setOutput(null);
        }
    }

    /**
     * The ImageIO quality q whose factor on the quantisation tables (2 - 2q from 0.5 up, 0.5/q below) is libjpeg's
     * percentage (jcparam.c, jpeg_quality_scaling). The thousandth of a percent keeps entries that lie half-way between
     * two integers rounding up in float32, and is too small to move any other.
     */
    private static float imageIoQuality(int quality) {
        int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
        double factor = (percent + 0.001) / 100;
        return (float) (factor <= 1 ? 1 - factor / 2 : 0.5 / factor);
    }

    /** The JDK's own writer even where the host has registered others, whose sizes may differ. */
    static ImageWriter jdkWriter() {
        Iterator<ImageWriter> writers = ImageIO.getImageWritersByFormatName("jpeg");
        while (writers.hasNext()) {
            ImageWriter writer = writers.next();
            if (writer.getClass().getName().startsWith(JDK_WRITER)) {
                return writer;
            }
            writer.dispose();
        }
        throw new IllegalStateException(
                "the JDK's JPEG writer is not registered with ImageIO; use a runtime image with the module java.desktop");
    }
}
