package dev.rlcm.rewards;

import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import java.util.List;

/**
 * Minus the picture's size as a JPEG, in kB of 1000 bytes: the compression task of DDPO (arXiv:2305.13301, section 5.1)
 * and of RLCM. The file is the one libjpeg writes by default: baseline, 4:2:0, standard Huffman tables, JFIF header.
 *
 * <p>Thread-safe; holds nothing that needs closing.
 *
 * @param quality 1 to 100 on libjpeg's scale
 */
public record JpegCompressibility(int quality) implements RewardFunction {
    public JpegCompressibility {
        JpegSize.checkQuality(quality);
    }

    /** At quality 95, as both papers have it. */
    public JpegCompressibility() {
        this(JpegSize.DEFAULT_QUALITY);
    }

    @Override
    public double[] score(List<Sample> samples) {
        double[] scores = JpegSize.kilobytes(samples, quality);
        for (int i = 0; i < scores.length; i++) {
            scores[i] = -scores[i];
        }
        return scores;
    }
}
