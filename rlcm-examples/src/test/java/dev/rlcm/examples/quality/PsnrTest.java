package dev.rlcm.examples.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.reward.Sample;
import java.util.List;
import org.junit.jupiter.api.Test;

class PsnrTest {
    private static Sample grey(float level) {
        return Sample.of("", 1, 1, new float[] {level, level, level});
    }

    @Test
    void theErrorIsAveragedBeforeItBecomesDecibels() {
        // Squared errors 0.01 and 0.03^2 = 0.0009, mean 0.00545
        double expected = -10 * Math.log10(0.00545);
        assertThat(Psnr.of(List.of(grey(0.5f), grey(0.2f)), List.of(grey(0.6f), grey(0.23f))))
                .isCloseTo(expected, within(1e-4));
        assertThat(Psnr.of(List.of(grey(0)), List.of(grey(1)))).isZero();
        assertThat(Psnr.of(List.of(grey(0.5f)), List.of(grey(0.5f))))
                .isInfinite()
                .isPositive();
    }
}
