package dev.rlcm.reward;

/** A judge of pairs. As thread-safe as its reward has to be. */
@FunctionalInterface
public interface Preference {
    /**
     * The probability, in [0, 1], that the first of two samples of one prompt is the better one. A judge may be biased towards
     * a place: {@link GroupRewards#winRate} asks for both orders.
     */
    double probability(Sample first, Sample second);
}
