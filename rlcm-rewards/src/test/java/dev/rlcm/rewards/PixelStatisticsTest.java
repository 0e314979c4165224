package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PixelStatisticsTest {
    private static final List<RewardFunction> ALL = List.of(
            PixelStatistics.colourfulness(),
            PixelStatistics.sharpness(),
            PixelStatistics.brightness(),
            PixelStatistics.contrast(),
            PixelStatistics.saturation(),
            PixelStatistics.entropy(),
            PixelStatistics.symmetry());

    private static double score(RewardFunction reward, Sample sample) {
        return reward.score(List.of(sample))[0];
    }

    private static Sample grey(int height, int width, double... levels) {
        float[] pixels = new float[3 * levels.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) levels[i % levels.length];
        }
        return Sample.of("", height, width, pixels);
    }

    private static Sample noise(int height, int width, long seed) {
        Random random = new Random(seed);
        float[] pixels = new float[3 * height * width];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = random.nextFloat();
        }
        return Sample.of("", height, width, pixels);
    }

    private static Sample mirrored(Sample sample) {
        float[] pixels = sample.pixels().clone();
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = sample.pixels()[i - i % sample.width() + sample.width() - 1 - i % sample.width()];
        }
        return Sample.of("", sample.height(), sample.width(), pixels);
    }

    @Test
    void redBesideGreenByHand() {
        Sample sample = Sample.of("", 1, 2, new float[] {1, 0, 0, 1, 0, 0}); // red, green
        // rg = 255, -255: variance 255^2, mean 0; yb = 127.5, 127.5: variance 0, mean 127.5
        assertThat(score(PixelStatistics.colourfulness(), sample)).isCloseTo(255 + 0.3 * 127.5, within(1e-9));
        assertThat(score(PixelStatistics.brightness(), sample)).isCloseTo((0.299 + 0.587) / 2, within(1e-12));
        assertThat(score(PixelStatistics.contrast(), sample)).isCloseTo((0.587 - 0.299) / 2, within(1e-12));
        assertThat(score(PixelStatistics.saturation(), sample)).isEqualTo(1);
        assertThat(score(PixelStatistics.entropy(), sample)).isCloseTo(1, within(1e-12));
        assertThat(score(PixelStatistics.symmetry(), sample)).isCloseTo(1 - 2 / 3.0, within(1e-12));
    }

    @Test
    void theLaplacianByHand() {
        // A white pixel amid 3 x 3 black ones. Centre: -4; its neighbours across the mirrored border: 1, once from the
        // centre
        // and nothing from the border, whose mirror is the centre again: 2; corners: 0.
        double[] expected = {0, 2, 0, 2, -4, 2, 0, 2, 0};
        double mean = 4 / 9.0;
        double variance = 0;
        for (double value : expected) {
            variance += (value - mean) * (value - mean) / 9;
        }
        Sample dot = grey(3, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0);
        assertThat(score(PixelStatistics.sharpness(), dot)).isCloseTo(255 * 255 * variance, within(1e-6));
        assertThat(score(PixelStatistics.sharpness(), grey(1, 1, 0.4))).isZero();
    }

    @Test
    void saturationIsThatOfHsv() {
        Sample sample = Sample.of("", 1, 3, new float[] {0.8f, 0, 0.5f, 0.4f, 0, 0.5f, 0.2f, 0, 0.5f});
        assertThat(score(PixelStatistics.saturation(), sample)).isCloseTo((0.75 + 0 + 0) / 3, within(1e-7));
    }

    @Property(tries = 20)
    void equallyFrequentLevelsHaveAsManyBitsAsTheyTake(@ForAll @IntRange(max = 8) int bits) {
        double[] levels = new double[1 << bits];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = i / 255.0;
        }
        assertThat(score(PixelStatistics.entropy(), grey(1, levels.length, levels)))
                .isCloseTo(bits, within(1e-9));
    }

    @Property(tries = 30)
    void onePlainGreyIsAllEqual(@ForAll @DoubleRange(min = -0.2, max = 1.2) double level) {
        Sample plain = grey(2, 3, level, level, level, level, level, level);
        double clamped = Math.max(0, Math.min(1, (float) level));
        assertThat(score(PixelStatistics.brightness(), plain)).isCloseTo(clamped, within(1e-9));
        for (RewardFunction zero : List.of(
                PixelStatistics.colourfulness(),
                PixelStatistics.sharpness(),
                PixelStatistics.contrast(),
                PixelStatistics.saturation(),
                PixelStatistics.entropy())) {
            assertThat(score(zero, plain)).as(zero.name()).isCloseTo(0, within(1e-9));
        }
        assertThat(score(PixelStatistics.symmetry(), plain)).isEqualTo(1);
    }

    @Property(tries = 30)
    void aMirrorImageScoresTheSame(
            @ForAll @IntRange(min = 1, max = 6) int height,
            @ForAll @IntRange(min = 1, max = 6) int width,
            @ForAll long seed) {
        Sample sample = noise(height, width, seed);
        for (RewardFunction reward : ALL) {
            double score = score(reward, sample);
            assertThat(score(reward, mirrored(sample))).as(reward.name()).isCloseTo(score, within(1e-9 * (1 + score)));
        }
    }

    @Property(tries = 30)
    void scoresStayInTheirRanges(@ForAll @IntRange(min = 1, max = 9) int size, @ForAll long seed) {
        Sample sample = noise(size, size, seed);
        assertThat(score(PixelStatistics.brightness(), sample)).isBetween(0.0, 1.0);
        assertThat(score(PixelStatistics.contrast(), sample)).isBetween(0.0, 0.5);
        assertThat(score(PixelStatistics.saturation(), sample)).isBetween(0.0, 1.0);
        assertThat(score(PixelStatistics.entropy(), sample)).isBetween(0.0, 8.0);
        assertThat(score(PixelStatistics.symmetry(), sample)).isBetween(0.0, 1.0);
    }

    @Property(tries = 20)
    void halvedDifferencesQuarterTheSharpnessAndHalveTheContrast(@ForAll long seed) {
        Sample sample = noise(5, 7, seed);
        float[] half = new float[sample.pixels().length];
        for (int i = 0; i < half.length; i++) {
            half[i] = sample.pixels()[i] / 2;
        }
        Sample dim = Sample.of("", 5, 7, half);
        assertThat(score(PixelStatistics.sharpness(), dim))
                .isCloseTo(score(PixelStatistics.sharpness(), sample) / 4, within(1e-6));
        assertThat(score(PixelStatistics.contrast(), dim))
                .isCloseTo(score(PixelStatistics.contrast(), sample) / 2, within(1e-9));
    }

    @Test
    void namesAreThoseOfTheStatistics() {
        assertThat(ALL.stream().map(RewardFunction::name))
                .containsExactly(
                        "colourfulness", "sharpness", "brightness", "contrast", "saturation", "entropy", "symmetry");
    }
}
