package dev.rlcm.reward;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** A reward function broke its contract; the message names the reward, the sample if it is known, and the remedy. */
public final class RewardException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private static final int WHOLE_BATCH = -1;
    private static final String HINT_FOR_UNSCORABLE =
            "return a finite score for every picture, a low one for those it cannot judge";

    private final String reward;
    private final int index;
    private final String prompt;
    private final String problem;

    private RewardException(String reward, int index, String prompt, String problem, @Nullable Throwable cause) {
        super(
                "reward \"" + reward + "\""
                        + (index == WHOLE_BATCH ? "" : ", sample " + index + " (\"" + prompt + "\")") + ": " + problem,
                cause);
        this.reward = reward;
        this.index = index;
        this.prompt = prompt;
        this.problem = problem;
    }

    static RewardException threw(String reward, int index, Sample sample, RuntimeException cause) {
        return new RewardException(
                reward, index, sample.prompt(), "threw " + cause + "; " + HINT_FOR_UNSCORABLE, cause);
    }

    static RewardException threw(String reward, int batch, RuntimeException cause) {
        String problem = "threw " + cause + " for a batch of " + batch
                + "; see the cause, or write it with RewardFunction.each to learn which sample it is";
        return new RewardException(reward, WHOLE_BATCH, "", problem, cause);
    }

    static RewardException wrongLength(String reward, int batch, String got) {
        String problem = "returned " + got + " for " + batch
                + " samples; score must return exactly one number per sample, in their order";
        return new RewardException(reward, WHOLE_BATCH, "", problem, null);
    }

    static RewardException notFinite(String reward, int index, Sample sample, double score) {
        return new RewardException(
                reward, index, sample.prompt(), "returned " + score + "; " + HINT_FOR_UNSCORABLE, null);
    }

    /** The name of the reward that failed. */
    public String reward() {
        return reward;
    }

    /** The position of the offending sample in the scored list, if the failure belongs to one. */
    public OptionalInt sampleIndex() {
        return index == WHOLE_BATCH ? OptionalInt.empty() : OptionalInt.of(index);
    }

    /** The same failure seen from a list in which the scored samples have these positions. */
    RewardException at(int[] positions) {
        return index == WHOLE_BATCH || positions[index] == index ? this : copy(reward, positions[index]);
    }

    /** The same failure of a reward that its host knows by another name. */
    RewardException renamed(String from, String to) {
        return reward.equals(from) ? copy(to, index) : this;
    }

    private RewardException copy(String newReward, int newIndex) {
        RewardException copy = new RewardException(newReward, newIndex, prompt, problem, getCause());
        copy.setStackTrace(getStackTrace());
        return copy;
    }
}
