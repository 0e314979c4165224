package dev.rlcm.reward;

import java.awt.image.BufferedImage;
import java.util.Map;
import java.util.Objects;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A generated picture and the prompt it was made from: [3, H, W], float32, RGB planes in row-major order, 0 is black
 * and 1 is full intensity. Values a little outside of [0, 1] are what decoders produce; they are kept, and clamped
 * only on the way to 8 bits.
 *
 * <p>The pixels are shared with whoever made the sample, not copied; nobody changes them afterwards. Under that
 * condition a sample may be read from any thread.
 */
public final class Sample {
    private final Prompt prompt;
    private final int height;
    private final int width;
    private final float[] pixels;

    private Sample(Prompt prompt, int height, int width, float[] pixels) {
        this.prompt = prompt;
        this.height = height;
        this.width = width;
        this.pixels = pixels;
    }

    /**
     * Wraps pixels [3, height, width] without copying.
     *
     * @throws IllegalArgumentException if a side is not positive, the length is not 3 x height x width, or a value is
     *     not finite
     */
    public static Sample of(String prompt, int height, int width, float[] pixels) {
        if (height <= 0 || width <= 0) {
            throw new IllegalArgumentException("height and width must be positive, got " + height + " x " + width);
        }
        long expected = 3L * height * width;
        if (pixels.length != expected) {
            throw new IllegalArgumentException("pixels [3, " + height + ", " + width + "] take " + expected
                    + " values, got " + pixels.length + " (prompt \"" + prompt + "\")");
        }
        for (int i = 0; i < pixels.length; i++) {
            if (!Float.isFinite(pixels[i])) {
                throw new IllegalArgumentException("pixel value " + i + " of the picture for \"" + prompt + "\" is "
                        + pixels[i] + ": the model diverged; go back to an earlier adapter or lower the learning rate");
            }
        }
        return new Sample(Prompt.of(prompt), height, width, pixels);
    }

    /** The same picture, sharing its pixels, as made from that prompt. */
    public Sample withPrompt(Prompt newPrompt) {
        return new Sample(Objects.requireNonNull(newPrompt, "prompt"), height, width, pixels);
    }

    /** The text of the prompt. */
    public String prompt() {
        return prompt.text();
    }

    /** What the source of the prompt says about it besides the text; empty if nothing. Unmodifiable. */
    public Map<String, Object> metadata() {
        return prompt.metadata();
    }

    /** In pixels. */
    public int height() {
        return height;
    }

    /** In pixels. */
    public int width() {
        return width;
    }

    /** The shared values, [3, H, W] in row-major order; read only. */
    public float[] pixels() {
        return pixels;
    }

    /**
     * The picture as an ND4J array, [3, H, W], float32: a new copy at every call, owned by the caller. The first call
     * in a JVM loads ND4J's native backend; hosts that never call it need none.
     *
     * @throws IllegalStateException if ND4J has no backend on the class path
     */
    public INDArray image() {
        try {
            return Nd4j.createFromArray(pixels).reshape('c', 3, height, width);
        } catch (ExceptionInInitializerError | NoClassDefFoundError e) {
            throw new IllegalStateException(
                    "ND4J has no backend that works on this class path; add org.nd4j:nd4j-native with the classifier of"
                            + " this platform, or read pixels() or toBufferedImage(), which need none",
                    e);
        }
    }

    /** The picture in 8 bits, TYPE_INT_RGB: 255 x rounded half to even, clamped to [0, 255]; a new one at every call. */
    public BufferedImage toBufferedImage() {
        int plane = height * width;
        int[] rgb = new int[plane];
        for (int i = 0; i < plane; i++) {
            rgb[i] = level(pixels[i]) << 16 | level(pixels[plane + i]) << 8 | level(pixels[2 * plane + i]);
        }
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, width, height, rgb, 0, width);
        return image;
    }

    /** For example {@code Sample[64x64, "a photo of a cat"]}, height first. */
    @Override
    public String toString() {
        return "Sample[" + height + "x" + width + ", \"" + prompt.text() + "\"]";
    }

    /** The product is rounded to float32 before it is rounded to a level, as NumPy and PyTorch do it. */
    private static int level(float value) {
        return (int) Math.max(0, Math.min(255, Math.rint(value * 255f)));
    }
}
