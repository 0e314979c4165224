package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UpdateStatisticsTest {
    private final UpdateStatistics statistics = new UpdateStatistics(new ClipRange(0.2, 0.3));

    @Test
    void ratiosAreThoseOfAllTransitions() {
        for (double ratio : new double[] {1, 1.5, 0.5, 1}) {
            statistics.transition(Math.log(ratio) - 3, -3);
        }
        UpdateReport.Ratios ratios = report().ratios();
        assertThat(ratios.mean()).isCloseTo(1, within(1e-12));
        assertThat(ratios.std()).isCloseTo(Math.sqrt(0.125), within(1e-12));
        assertThat(ratios.clippedLow()).isEqualTo(0.25);
        assertThat(ratios.clippedHigh()).isEqualTo(0.25);
        double squares = Math.pow(Math.log(1.5), 2) + Math.pow(Math.log(2), 2);
        assertThat(ratios.approxKl()).isCloseTo(squares / 8, within(1e-12));
        assertThat(statistics.approxKl()).isEqualTo(ratios.approxKl());
    }

    @Test
    void theInitialErrorIsTheLargestBeforeTheFirstStep() {
        statistics.transition(Math.log(1.1), 0);
        statistics.transition(Math.log(0.75), 0);
        statistics.step(1, 1, Map.of());
        statistics.transition(1, 0);
        assertThat(report().ratios().initialError()).isCloseTo(0.25, within(1e-12));
        assertThat(statistics.initialRatioError()).isCloseTo(0.25, within(1e-12));
    }

    @Test
    void aSkippedStepEndsTheBeginningToo() {
        statistics.transition(Math.log(1.1), 0);
        statistics.skip(Map.of());
        statistics.transition(1, 0);
        assertThat(report().ratios().initialError()).isCloseTo(0.1, within(1e-12));
    }

    @Test
    void lossesPartsAndNormsAreMeansOverTheAppliedSteps() {
        statistics.step(1, 10, Map.of("kl", 0.5));
        statistics.skip(Map.of("kl", 99.0));
        statistics.step(3, 20, Map.of("kl", 1.5));
        UpdateReport report = report();
        assertThat(report.loss()).isEqualTo(2);
        assertThat(report.losses().parts()).isEqualTo(Map.of("kl", 1.0));
        assertThat(report.steps()).isEqualTo(new UpdateReport.Steps(2, 1, true, 15, 0.25, 8));
        assertThat(report.time()).isEqualTo(new UpdateReport.Times(Duration.ofNanos(5), Duration.ofNanos(7)));
    }

    @Test
    void withoutAnAppliedStepThereAreNamesButNoNumbers() {
        statistics.skip(Map.of("kl", 1.0));
        UpdateReport report = report();
        assertThat(report.loss()).isNaN();
        assertThat(report.losses().parts()).isEqualTo(Map.of("kl", Double.NaN));
        assertThat(report.steps().gradNorm()).isNaN();
        assertThat(report.approxKl()).isNaN();
        assertThat(report.clipFraction()).isZero();
    }

    private UpdateReport report() {
        return statistics.report(0.25, 8, true, 5, 7);
    }
}
