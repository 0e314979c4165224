package dev.rlcm.onnx.pipeline.encoders;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.reward.Sample;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.DoubleStream;

/**
 * Pictures to what CLIP's vision towers take, as transformers' {@code CLIPImageProcessor} prepares them: 8-bit levels,
 * resized by Pillow's bicubic filter, cropped around the centre (or padded with black up to the crop), scaled to [0, 1] and
 * normalised by channel. Immutable and thread-safe.
 */
public final class ClipImageProcessor {
    private static final int BICUBIC = 3;
    private static final int DEFAULT_SIZE = 224;
    private static final int LARGEST = 4096;
    private static final double[] CLIP_MEAN = {0.48145466, 0.4578275, 0.40821073};
    private static final double[] CLIP_STD = {0.26862954, 0.26130258, 0.27577711};

    private final Optional<Size> resize;
    private final Size crop;
    private final double rescale;
    private final float[] mean;
    private final float[] std;
    private final boolean truncating;

    private ClipImageProcessor(
            Optional<Size> resize, Size crop, double rescale, float[] mean, float[] std, boolean truncating) {
        this.resize = resize;
        this.crop = crop;
        this.rescale = rescale;
        this.mean = mean;
        this.std = std;
        this.truncating = truncating;
    }

    /** In pixels. If {@link #height} is 0, the shorter side becomes {@link #width} and the proportions are kept. */
    private record Size(int height, int width) {
        boolean isShortestEdge() {
            return height == 0;
        }

        Size squared() {
            return isShortestEdge() ? new Size(width, width) : this;
        }
    }

    /**
     * Reads a {@code preprocessor_config.json}; what it leaves out is as in {@code openai/clip-vit-large-patch14}.
     *
     * @throws IllegalArgumentException if the file is no JSON, or asks for what is not supported: another filter than
     *     bicubic, or results whose size depends on the picture
     */
    public static ClipImageProcessor load(Path file) throws IOException {
        JsonFile config = JsonFile.read(file);
        boolean resizes = config.flag("do_resize").orElse(true);
        boolean crops = config.flag("do_center_crop").orElse(true);
        if (resizes && config.count("resample").orElse(BICUBIC) != BICUBIC) {
            throw config.wrong("resample", "3 (bicubic), as CLIP's processors have it,");
        }
        Optional<Size> resize = resizes ? Optional.of(size(config, "size")) : Optional.empty();
        if (!crops && (resize.isEmpty() || resize.get().isShortestEdge())) {
            throw config.wrong(
                    "do_center_crop",
                    "true, or a size with height and width, so that all pictures of a batch get the same size,");
        }
        boolean normalises = config.flag("do_normalize").orElse(true);
        double[] std = normalises ? config.reals("image_std", 3).orElse(CLIP_STD) : new double[] {1, 1, 1};
        if (DoubleStream.of(std).anyMatch(s -> s <= 0)) {
            throw config.wrong("image_std", "3 positive numbers");
        }
        return new ClipImageProcessor(
                resize,
                crops ? size(config, "crop_size").squared() : resize.get(),
                config.flag("do_rescale").orElse(true)
                        ? config.real("rescale_factor").orElse(1 / 255.0)
                        : 1,
                floats(normalises ? config.reals("image_mean", 3).orElse(CLIP_MEAN) : new double[3]),
                floats(std),
                false);
    }

    private static Size size(JsonFile config, String key) {
        JsonNode node = config.root().path(key);
        if (node.isMissingNode()) {
            return new Size(0, DEFAULT_SIZE);
        }
        return node.isObject() && !node.has("shortest_edge")
                ? new Size(pixels(config, key, node.path("height")), pixels(config, key, node.path("width")))
                : new Size(0, pixels(config, key, node.isObject() ? node.path("shortest_edge") : node));
    }

    private static int pixels(JsonFile config, String key, JsonNode node) {
        int pixels = node.asInt();
        if (pixels < 1 || pixels > LARGEST) {
            throw config.wrong(key, "pixels, {shortest_edge} or {height, width}, from 1 to " + LARGEST + ",");
        }
        return pixels;
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /**
     * This processor with levels floor(255 x) instead of 255 x rounded half to even. RLCM's reference gives the processor
     * pictures as reals, which transformers 4.36 truncates; DDPO's gives it rounded levels.
     */
    public ClipImageProcessor truncating() {
        return new ClipImageProcessor(resize, crop, rescale, mean, std, true);
    }

    /** What {@link #pixelValues} returns: [3, height, width]. */
    public Shape shape() {
        return Shape.of(3, crop.height(), crop.width());
    }

    /** The picture as a tower's input, [3, height, width], FLOAT32; owned by the caller. */
    public TensorData pixelValues(Sample sample) {
        byte[][] levels = levels(sample);
        int plane = crop.height() * crop.width();
        float[] values = new float[3 * plane];
        for (int channel = 0; channel < 3; channel++) {
            for (int i = 0; i < plane; i++) {
                float value = (float) ((levels[channel][i] & 0xff) * rescale);
                values[channel * plane + i] = (value - mean[channel]) / std[channel];
            }
        }
        return TensorData.floats(shape(), values);
    }

    /**
     * The same as a graph, without rounding to 8 bits, so that it can be differentiated.
     *
     * @param picture FLOAT32 [B,3,H,W], in [0, 1]
     * @return [B, 3, height, width]
     */
    Value pixelValues(Value picture) {
        Size target = target(picture.dim(2), picture.dim(3));
        Value wide = resized(picture, target.width()); // along rows first, as Pillow does
        Value high = resized(wide.transpose(0, 1, 3, 2), target.height()).transpose(0, 1, 3, 2);
        Value cropped = cropped(cropped(high, 2, crop.height()), 3, crop.width());
        double levels = 255 * rescale;
        return cropped.mul(levels).sub(perChannel(mean)).div(perChannel(std));
    }

    private static Value resized(Value picture, int width) {
        int from = picture.dim(3);
        if (from == width) {
            return picture;
        }
        float[] matrix = PillowResize.matrix(from, width);
        TensorData transposed =
                TensorData.generate(DataType.FLOAT32, Shape.of(from, width), i -> matrix[i % width * from + i / width]);
        return picture.matmul(Value.constant(transposed)).clip(0, 1);
    }

    private static Value cropped(Value picture, int axis, int size) {
        int from = picture.dim(axis);
        int start = offset(from, size);
        if (start >= 0) {
            return picture.slice(axis, start, start + size);
        }
        int[] pads = new int[8]; // before each axis, then after each
        pads[axis] = -start;
        pads[4 + axis] = size - from + start;
        return picture.pad(pads);
    }

    private static Value perChannel(float[] values) {
        return Value.constant(TensorData.floats(Shape.of(1, 3, 1, 1), values));
    }

    private Size target(int height, int width) {
        return resize.map(size -> size.isShortestEdge() ? proportional(size.width(), height, width) : size)
                .orElse(new Size(height, width));
    }

    /** The planes after resizing and cropping. */
    byte[][] levels(Sample sample) {
        int height = sample.height();
        int width = sample.width();
        byte[][] planes = truncating ? truncated(sample) : rounded(sample);
        Size target = target(height, width);
        for (int channel = 0; channel < 3; channel++) {
            byte[] resized = PillowResize.bicubic(planes[channel], height, width, target.height(), target.width());
            planes[channel] = cropped(resized, target);
        }
        return planes;
    }

    private static Size proportional(int edge, int height, int width) {
        int longer = (int) ((long) edge * Math.max(height, width) / Math.min(height, width));
        return height < width ? new Size(edge, longer) : new Size(longer, edge);
    }

    private byte[] cropped(byte[] plane, Size from) {
        byte[] result = new byte[crop.height() * crop.width()];
        int top = offset(from.height(), crop.height());
        int left = offset(from.width(), crop.width());
        for (int y = Math.max(0, -top); y < Math.min(crop.height(), from.height() - top); y++) {
            int start = Math.max(0, -left);
            int end = Math.min(crop.width(), from.width() - left);
            System.arraycopy(
                    plane, (y + top) * from.width() + start + left, result, y * crop.width() + start, end - start);
        }
        return result;
    }

    /** Where the crop begins; before the picture if that is smaller, by half the difference rounded up. */
    private static int offset(int size, int crop) {
        return Math.floorDiv(size - crop, 2);
    }

    private static byte[][] rounded(Sample sample) {
        BufferedImage image = sample.toBufferedImage();
        int[] rgb = image.getRGB(0, 0, sample.width(), sample.height(), null, 0, sample.width());
        byte[][] planes = new byte[3][rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            planes[0][i] = (byte) (rgb[i] >> 16);
            planes[1][i] = (byte) (rgb[i] >> 8);
            planes[2][i] = (byte) rgb[i];
        }
        return planes;
    }

    private static byte[][] truncated(Sample sample) {
        float[] pixels = sample.pixels();
        byte[][] planes = new byte[3][pixels.length / 3];
        for (int i = 0; i < pixels.length; i++) {
            int level = (int) Math.max(0, Math.min(255, pixels[i] * 255f));
            planes[i / planes[0].length][i % planes[0].length] = (byte) level;
        }
        return planes;
    }
}
