package dev.rlcm.rewards;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that only sleeping moves, at once, and no chance. Thread-safe. */
class VirtualPacing implements Pacing {
    static final Instant START = Instant.parse("2024-05-01T12:00:00Z");

    /** What was slept, in order. */
    final List<Duration> pauses = new CopyOnWriteArrayList<>();

    private final AtomicLong nanos = new AtomicLong();

    @Override
    public long nanoTime() {
        return nanos.get();
    }

    @Override
    public Instant now() {
        return START.plusNanos(nanos.get());
    }

    @Override
    public double jitter() {
        return 0;
    }

    @Override
    public void sleep(Duration pause) throws InterruptedException {
        pauses.add(pause);
        nanos.addAndGet(pause.toNanos());
    }
}
