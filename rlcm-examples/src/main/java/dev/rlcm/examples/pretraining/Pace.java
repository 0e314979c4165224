package dev.rlcm.examples.pretraining;

import dev.rlcm.supervised.StepReport;
import java.time.Duration;

/** How long steps take, in the mean. The first one, in which everything warms up, is left out. Not thread-safe. */
final class Pace {
    private Duration total = Duration.ZERO;
    private Duration data = Duration.ZERO;
    private Duration network = Duration.ZERO;
    private long steps = -1;

    void add(StepReport report) {
        if (steps >= 0) {
            total = total.plus(report.total());
            data = data.plus(report.batches());
            network = network.plus(report.network());
        }
        steps++;
    }

    boolean isKnown() {
        return steps > 0;
    }

    /** Seconds of a step, NaN while they are not known. */
    double seconds() {
        return perStep(total);
    }

    /** Those of them that go into making the batch. */
    double dataSeconds() {
        return perStep(data);
    }

    /** Those that go into loss and gradients. */
    double networkSeconds() {
        return perStep(network);
    }

    private double perStep(Duration duration) {
        return isKnown() ? duration.toNanos() * 1e-9 / steps : Double.NaN;
    }
}
