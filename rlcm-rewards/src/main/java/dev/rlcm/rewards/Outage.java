package dev.rlcm.rewards;

import java.net.URI;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a server is away, and for how long: the circuit breaker of its requests. While it is away requests wait instead of
 * failing, until it answers or has been away for too long; then they fail at once, until it answers. A server that nobody has ever
 * reached is not waited for: its address is wrong, or it was not started. Thread-safe.
 */
final class Outage {
    private static final Logger log = LoggerFactory.getLogger(Outage.class);

    private final URI server;
    private final Duration longest;
    private final Pacing pacing;
    private boolean reached;
    private boolean open;
    private long since;
    private long earlierNanos;

    Outage(URI server, Duration longest, Pacing pacing) {
        this.server = server;
        this.longest = longest;
        this.pacing = pacing;
    }

    /** Takes note of a request that found the server away; returns whether it should be made again later. */
    synchronized boolean found(String problem, Duration between) {
        if (!reached || longest.isZero()) {
            return false;
        }
        if (!open) {
            open = true;
            since = pacing.nanoTime();
            log.warn(
                    "{} is away ({}). The run is paused until it is back, for at most {} min; next look in {} s."
                            + " Ctrl-C ends the run and saves",
                    server,
                    problem,
                    longest.toMinutes(),
                    between.toSeconds());
        }
        return lasts();
    }

    /** Takes note that something listens at the server's address, even if it says that it is not ready. */
    synchronized void reached() {
        reached = true;
    }

    /** Takes note of an answer, whatever it says. */
    synchronized void answered() {
        reached = true;
        if (open) {
            long nanos = pacing.nanoTime() - since;
            earlierNanos += nanos;
            open = false;
            log.info(
                    "{} is back after {} s; the run goes on",
                    server,
                    Duration.ofNanos(nanos).toSeconds());
        }
    }

    /** Whether the server was away when it was last asked. */
    synchronized boolean isOpen() {
        return open;
    }

    /** Whether requests wait for the server. */
    synchronized boolean isWaitedFor() {
        return open && lasts();
    }

    /** For how long the server has been away in all. */
    synchronized long totalNanos() {
        return open ? earlierNanos + pacing.nanoTime() - since : earlierNanos;
    }

    private boolean lasts() {
        return pacing.nanoTime() - since < longest.toNanos();
    }
}
