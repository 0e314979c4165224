package dev.rlcm.rewards;

import dev.rlcm.reward.Sample;
import java.util.List;

/**
 * Says in words what is on pictures: a vision-language model, usually behind a server.
 *
 * <p>Threads: called as the reward is that uses it, see {@link dev.rlcm.reward.RewardFunction}.
 */
@FunctionalInterface
public interface Captioner {
    /**
     * Describes pictures; how many at once go to a server is up to the implementation.
     *
     * @param samples unmodifiable, not empty. Their prompts are not for the model, which would repeat them
     * @return one text per picture, in their order; an empty one scores as low as can be
     */
    List<String> caption(List<Sample> samples);

    /**
     * Describes pictures some of which may fail. The default calls {@link #caption} once, so that one failure is that of all.
     *
     * @param samples as above
     * @return one per picture, in their order
     */
    default List<Caption> attempt(List<Sample> samples) {
        return caption(samples).stream().<Caption>map(Caption.Text::new).toList();
    }

    /** As {@link dev.rlcm.reward.RewardFunction#isPaused}. */
    default boolean isPaused() {
        return false;
    }
}
