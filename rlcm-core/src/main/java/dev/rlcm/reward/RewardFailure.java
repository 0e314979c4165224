package dev.rlcm.reward;

/** What becomes of a picture that a reward could not score. No policy ever invents a score or lends another picture's. */
public enum RewardFailure {
    /** The failure ends the scoring and is thrown; the default, since it hides nothing. */
    FAIL,
    /** The picture's trajectory is left out of statistics and update, as if it had never been sampled. */
    DROP,
    /**
     * The picture's reward counts as the mean of its prompt's other pictures: its trajectory stays, with an advantage of 0, and
     * only those terms of the loss act on it that do not depend on the reward.
     */
    NEUTRAL;

    /** The policy of a sum of rewards, two of which could not score a picture: a picture that one of them drops is dropped. */
    static RewardFailure stricter(RewardFailure one, RewardFailure other) {
        return one.compareTo(other) <= 0 ? one : other;
    }
}
