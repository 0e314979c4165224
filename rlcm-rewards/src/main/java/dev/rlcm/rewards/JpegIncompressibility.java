package dev.rlcm.rewards;

import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import java.util.List;

/**
 * The picture's size as a JPEG, in kB of 1000 bytes: the opposite of {@link JpegCompressibility}.
 *
 * <p>Thread-safe; holds nothing that needs closing.
 *
 * @param quality 1 to 100 on libjpeg's scale
 */
public record JpegIncompressibility(int quality) implements RewardFunction {
    public JpegIncompressibility {
        JpegSize.checkQuality(quality);
    }

    /** At quality 95, as both papers have it. */
    public JpegIncompressibility() {
        this(JpegSize.DEFAULT_QUALITY);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return JpegSize.kilobytes(samples, quality);
    }
}
