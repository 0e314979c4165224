package dev.rlcm.train;

import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.Score;

/**
 * A sampled picture that the reward could not score.
 *
 * @param index of its trajectory in the sampled rollout
 * @param prompt of the picture
 * @param missing why, and what became of it
 */
public record Unscored(int index, String prompt, Score.Missing missing) {
    /** Whether the trajectory was left out of the update, instead of kept with an advantage of 0. */
    public boolean isDropped() {
        return missing.policy() == RewardFailure.DROP;
    }
}
