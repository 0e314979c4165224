package dev.rlcm.rewards;

import java.time.Duration;

/** The end of the time for a call, put off for as long as the server is away. Thread-safe. */
final class Deadline {
    private final Duration limit;
    private final Pacing pacing;
    private final Outage outage;
    private final long start;
    private final long awayBefore;

    /** From now on. */
    Deadline(Duration limit, Pacing pacing, Outage outage) {
        this.limit = limit;
        this.pacing = pacing;
        this.outage = outage;
        this.awayBefore = outage.totalNanos();
        this.start = pacing.nanoTime();
    }

    /** Negative or zero when it is over. */
    Duration left() {
        long spent = pacing.nanoTime() - start - (outage.totalNanos() - awayBefore);
        return limit.minusNanos(spent);
    }

    @Override
    public String toString() {
        return limit.toMillis() / 1000.0 + " s";
    }
}
