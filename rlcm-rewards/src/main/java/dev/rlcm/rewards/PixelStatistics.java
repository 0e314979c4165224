package dev.rlcm.rewards;

import dev.rlcm.reward.DifferentiableReward;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.util.MathArrays;

/**
 * Rewards that need no model: properties of the pixels, whatever they show. Each is easily hacked alone, by flat, noisy or
 * garish pictures; they are of use with a small weight and as guards.
 *
 * <p>Values outside of [0, 1] are clamped. The luma is that of ITU-R BT.601, Y = 0.299 R + 0.587 G + 0.114 B, not rounded to 8
 * bits. All are thread-safe and hold nothing.
 */
public final class PixelStatistics {
    /** Weights of red, green and blue. */
    static final double[] LUMA = {0.299, 0.587, 0.114};

    private static final int LEVELS = 256;

    private PixelStatistics() {}

    /**
     * Colourfulness, 0 for grey pictures, about 15 for slightly, 45 for moderately and 82 for quite colourful ones, over 109 for
     * extremely colourful ones: sqrt(var(rg) + var(yb)) + 0.3 sqrt(mean(rg)^2 + mean(yb)^2) with rg = R - G and yb = (R + G) / 2
     * - B of levels in [0, 255] (Hasler and Suesstrunk, 2003, "Measuring colourfulness in natural images", section 6).
     */
    public static RewardFunction colourfulness() {
        return named("colourfulness", sample -> {
            double[] rg = MathArrays.scale(255, combined(sample, 1, -1, 0));
            double[] yb = MathArrays.scale(255, combined(sample, 0.5, 0.5, -1));
            double spread = Math.sqrt(StatUtils.populationVariance(rg) + StatUtils.populationVariance(yb));
            return spread + 0.3 * Math.hypot(StatUtils.mean(rg), StatUtils.mean(yb));
        });
    }

    /**
     * Sharpness: the variance of the luma's Laplacian, the four neighbours minus four times the pixel, in levels of [0, 255];
     * blurred pictures are near 0, noise reaches tens of thousands (Pech-Pacheco et al., 2000, "Diatom autofocusing in brightfield
     * microscopy"). Borders are mirrored without the edge, as OpenCV's {@code Laplacian} does by default.
     */
    public static RewardFunction sharpness() {
        return named("sharpness", sample -> {
            double[] luma = MathArrays.scale(255, luma(sample));
            int height = sample.height();
            int width = sample.width();
            double[] laplacian = new double[luma.length];
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    laplacian[y * width + x] = luma[mirrored(y - 1, height) * width + x]
                            + luma[mirrored(y + 1, height) * width + x]
                            + luma[y * width + mirrored(x - 1, width)]
                            + luma[y * width + mirrored(x + 1, width)]
                            - 4 * luma[y * width + x];
                }
            }
            return StatUtils.populationVariance(laplacian);
        });
    }

    /** Brightness: the mean luma, in [0, 1]. */
    public static DifferentiableReward brightness() {
        return new Brightness(named("brightness", sample -> StatUtils.mean(luma(sample))));
    }

    /** Contrast: the population standard deviation of the luma, in [0, 0.5] (RMS contrast: Peli, 1990, "Contrast in complex images"). */
    public static RewardFunction contrast() {
        return named("contrast", sample -> Math.sqrt(StatUtils.populationVariance(luma(sample))));
    }

    /** Saturation: the mean of HSV's, (max - min) / max over the channels and 0 for black, in [0, 1]. */
    public static RewardFunction saturation() {
        return named("saturation", sample -> pixels(sample)
                .mapToDouble(i -> {
                    double red = value(sample, 0, i);
                    double green = value(sample, 1, i);
                    double blue = value(sample, 2, i);
                    double largest = Math.max(red, Math.max(green, blue));
                    double least = Math.min(red, Math.min(green, blue));
                    return largest == 0 ? 0 : (largest - least) / largest;
                })
                .average()
                .orElseThrow());
    }

    /** Entropy: Shannon's, of the histogram of the luma in 256 levels, in bits, in [0, 8]. */
    public static RewardFunction entropy() {
        return named("entropy", sample -> {
            double[] luma = luma(sample);
            int[] histogram = new int[LEVELS];
            for (double value : luma) {
                histogram[(int) Math.rint(value * (LEVELS - 1))]++;
            }
            return IntStream.of(histogram)
                    .filter(count -> count > 0)
                    .mapToDouble(count -> (double) count / luma.length)
                    .map(share -> -share * Math.log(share) / Math.log(2))
                    .sum();
        });
    }

    /** Symmetry: 1 minus the mean absolute difference of the picture and its mirror image, left and right swapped; in [0, 1]. */
    public static RewardFunction symmetry() {
        return named("symmetry", sample -> {
            int width = sample.width();
            double difference = 0;
            for (int i = 0; i < sample.height() * width; i++) {
                int mirrored = i - i % width + width - 1 - i % width;
                for (int channel = 0; channel < 3; channel++) {
                    difference += Math.abs(value(sample, channel, i) - value(sample, channel, mirrored));
                }
            }
            return 1 - difference / sample.pixels().length;
        });
    }

    private static RewardFunction named(String name, ToDoubleFunction<Sample> statistic) {
        return RewardFunction.each(statistic).named(name);
    }

    private static IntStream pixels(Sample sample) {
        return IntStream.range(0, sample.height() * sample.width());
    }

    private static double value(Sample sample, int channel, int pixel) {
        double value = sample.pixels()[channel * sample.height() * sample.width() + pixel];
        return Math.max(0, Math.min(1, value));
    }

    private static double[] luma(Sample sample) {
        return combined(sample, LUMA[0], LUMA[1], LUMA[2]);
    }

    /** A weighted sum of the channels, by pixel, of values in [0, 1]. */
    private static double[] combined(Sample sample, double red, double green, double blue) {
        return pixels(sample)
                .mapToDouble(i -> red * value(sample, 0, i) + green * value(sample, 1, i) + blue * value(sample, 2, i))
                .toArray();
    }

    /** The position at the other side of the edge for one that is just outside. */
    private static int mirrored(int position, int size) {
        int inside = position < 0 ? -position : position >= size ? 2 * size - 2 - position : position;
        return Math.max(0, Math.min(size - 1, inside));
    }
}
