package dev.rlcm.rewards;

import java.time.Duration;

/**
 * How much a {@link ModelServer} may be asked, and how long its answers may take.
 *
 * @param concurrency requests under way at a time, at least 1
 * @param attempts how often a request is made until its failure counts, at least 1. A reply that says when to come back
 *     ({@code Retry-After}) is not counted
 * @param timeout of one attempt, from connecting to the last byte of the answer; positive
 * @param firstPause before the second attempt, doubled for each further one and shortened at random by up to a half, so that
 *     requests that failed together do not come back together; positive
 * @param longestPause the pause that is not doubled further, and the time between two looks for a server that is away; at
 *     least the first
 * @param deadline of one call with all its pictures, not counting the time for which the server is away; positive
 * @param longestOutage how long to wait for a server that was there and is away; zero not to wait
 */
public record RequestLimits(
        int concurrency,
        int attempts,
        Duration timeout,
        Duration firstPause,
        Duration longestPause,
        Duration deadline,
        Duration longestOutage) {
    public RequestLimits {
        requirePositive("concurrency", concurrency);
        requirePositive("attempts", attempts);
        requirePositive("timeout", timeout);
        requirePositive("firstPause", firstPause);
        requirePositive("deadline", deadline);
        if (longestPause.compareTo(firstPause) < 0) {
            throw new IllegalArgumentException(
                    "longestPause must be at least firstPause " + firstPause + ", got " + longestPause);
        }
        if (longestOutage.isNegative()) {
            throw new IllegalArgumentException("longestOutage must not be negative, got " + longestOutage);
        }
    }

    /**
     * 4 requests at a time, 4 attempts of at most 2 minutes with pauses of at most 1, 2 and 4 seconds between them, half an hour
     * for a batch, and an hour for a server to come back.
     */
    public static RequestLimits defaults() {
        return new RequestLimits(
                4,
                4,
                Duration.ofMinutes(2),
                Duration.ofSeconds(1),
                Duration.ofSeconds(15),
                Duration.ofMinutes(30),
                Duration.ofHours(1));
    }

    public RequestLimits withConcurrency(int value) {
        return new RequestLimits(value, attempts, timeout, firstPause, longestPause, deadline, longestOutage);
    }

    public RequestLimits withAttempts(int value) {
        return new RequestLimits(concurrency, value, timeout, firstPause, longestPause, deadline, longestOutage);
    }

    public RequestLimits withTimeout(Duration value) {
        return new RequestLimits(concurrency, attempts, value, firstPause, longestPause, deadline, longestOutage);
    }

    public RequestLimits withPauses(Duration first, Duration longest) {
        return new RequestLimits(concurrency, attempts, timeout, first, longest, deadline, longestOutage);
    }

    public RequestLimits withDeadline(Duration value) {
        return new RequestLimits(concurrency, attempts, timeout, firstPause, longestPause, value, longestOutage);
    }

    public RequestLimits withLongestOutage(Duration value) {
        return new RequestLimits(concurrency, attempts, timeout, firstPause, longestPause, deadline, value);
    }

    /**
     * The pause after a number of failures: firstPause x 2^(failures - 1), at most longestPause, x (1 - jitter / 2).
     *
     * @param failures so far, at least 1
     * @param jitter in [0, 1)
     */
    Duration pause(int failures, double jitter) {
        double doubled = firstPause.toNanos() * Math.pow(2, failures - 1);
        return Duration.ofNanos((long) (Math.min(doubled, longestPause.toNanos()) * (1 - jitter / 2)));
    }

    private static void requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, got " + value);
        }
    }

    private static void requirePositive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + " must be positive, got " + value);
        }
    }
}
