package dev.rlcm.rewards.ocr;

import dev.rlcm.reward.Sample;
import java.util.List;

/**
 * Reads what is written on pictures.
 *
 * <p>Threads: called as the reward is that uses it, see {@link dev.rlcm.reward.RewardFunction}.
 */
@FunctionalInterface
public interface TextReader {
    /**
     * Reads pictures.
     *
     * @param samples unmodifiable, possibly empty. Their prompts are not for the reader
     * @return one text per picture, in their order; empty where there is nothing to read
     */
    List<String> read(List<Sample> samples);
}
