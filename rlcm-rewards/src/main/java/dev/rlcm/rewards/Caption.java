package dev.rlcm.rewards;

import dev.rlcm.reward.RewardException;

/** What came of describing one picture. */
public sealed interface Caption {
    /**
     * A caption.
     *
     * @param text an empty one scores as low as can be
     */
    record Text(String text) implements Caption {}

    /**
     * Nothing: describing failed.
     *
     * @param reason why there is no caption
     */
    record Missing(RewardException reason) implements Caption {}
}
