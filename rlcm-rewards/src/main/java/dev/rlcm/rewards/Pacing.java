package dev.rlcm.rewards;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Time and chance as requests see them. Thread-safe. */
interface Pacing {
    /** Those of this machine. */
    Pacing REAL = new Pacing() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public Instant now() {
            return Instant.now();
        }

        @Override
        public double jitter() {
            return ThreadLocalRandom.current().nextDouble();
        }

        @Override
        public void sleep(Duration pause) throws InterruptedException {
            TimeUnit.NANOSECONDS.sleep(pause.toNanos());
        }
    };

    /** As {@link System#nanoTime}. */
    long nanoTime();

    /** The time of day, which a server may name for the next attempt. */
    Instant now();

    /** A random number in [0, 1). */
    double jitter();

    void sleep(Duration pause) throws InterruptedException;
}
