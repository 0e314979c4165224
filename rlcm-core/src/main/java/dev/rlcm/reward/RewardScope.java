package dev.rlcm.reward;

/** The samples that a reward has to see in one call for its scores to be right, from the narrowest to the widest. */
public enum RewardScope {
    /** One sample: scores do not depend on the other samples of a call, so that a batch may be split anywhere. */
    SAMPLE,

    /** All samples of a prompt: scores compare them with each other, so that only whole groups may be scored. */
    PROMPT,

    /** All samples of a rollout. */
    ROLLOUT;

    /** The wider of the two. */
    public RewardScope and(RewardScope other) {
        return compareTo(other) >= 0 ? this : other;
    }
}
