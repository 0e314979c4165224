package dev.rlcm.reward;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** A reward function gave no score; the message names the reward, the sample if it is known, and the remedy. */
public final class RewardException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private static final int WHOLE_BATCH = -1;
    private static final String HINT_FOR_UNSCORABLE =
            "return a finite score for every picture, a low one for those it cannot judge";

    /** What went wrong, for whoever treats failures differently. */
    public enum Kind {
        /** The reward's own code threw something else than a RewardException, which is the cause. */
        THREW,
        /** There are more or fewer scores than pictures, so that nobody knows which is whose. */
        WRONG_COUNT,
        /** A score is NaN or infinite. */
        NOT_FINITE,
        /** No connection to the server: it is down, or its address is wrong. */
        UNREACHABLE,
        /** The connection broke before the answer was complete. */
        BROKEN_OFF,
        /** The answer was not complete in time. */
        TIMED_OUT,
        /** The server wants fewer requests, and went on wanting that. */
        RATE_LIMITED,
        /** The server failed, HTTP status 5xx. */
        SERVER_FAILED,
        /** The server refuses the request, HTTP status 4xx; the same request would be refused again. */
        REFUSED,
        /** The server sends the request elsewhere, where pictures and keys must not go unasked. */
        REDIRECTED,
        /** The answer is not what the protocol says: no JSON, half of one, a word in place of a number. */
        MALFORMED,
        /** The answer is larger than any sensible one. */
        TOO_LARGE,
        /** The thread was interrupted, its interrupt flag is set. */
        INTERRUPTED;

        /** Whether a later attempt may succeed. */
        public boolean isTransient() {
            return switch (this) {
                case UNREACHABLE, BROKEN_OFF, TIMED_OUT, RATE_LIMITED, SERVER_FAILED -> true;
                default -> false;
            };
        }
    }

    private final Kind kind;
    private final String reward;
    private final int index;
    private final String prompt;
    private final String problem;

    private RewardException(
            Kind kind, String reward, int index, String prompt, String problem, @Nullable Throwable cause) {
        super(
                "reward \"" + reward + "\""
                        + (index == WHOLE_BATCH ? "" : ", sample " + index + " (\"" + prompt + "\")") + ": " + problem,
                cause);
        this.kind = kind;
        this.reward = reward;
        this.index = index;
        this.prompt = prompt;
        this.problem = problem;
    }

    /**
     * A failure of a whole batch, or of a sample that {@link #atSample} will name.
     *
     * @param reward its name
     * @param problem what went wrong and what to do; without secrets, since it is printed
     */
    public static RewardException of(Kind kind, String reward, String problem) {
        return of(kind, reward, problem, null);
    }

    /**
     * The same with a cause.
     *
     * @param cause without secrets likewise; null if there is none
     */
    public static RewardException of(Kind kind, String reward, String problem, @Nullable Throwable cause) {
        return new RewardException(kind, reward, WHOLE_BATCH, "", problem, cause);
    }

    static RewardException threw(String reward, int index, Sample sample, Throwable cause) {
        return threw(reward, "threw " + cause + "; " + HINT_FOR_UNSCORABLE, cause)
                .atSample(index, sample);
    }

    static RewardException threw(String reward, int batch, Throwable cause) {
        return threw(
                reward,
                "threw " + cause + " for a batch of " + batch
                        + "; see the cause, or write it with RewardFunction.each to learn which sample it is",
                cause);
    }

    private static RewardException threw(String reward, String problem, Throwable cause) {
        return of(Kind.THREW, reward, problem, cause);
    }

    static RewardException wrongLength(String reward, int batch, String got) {
        return of(
                Kind.WRONG_COUNT,
                reward,
                "returned " + got + " for " + batch
                        + " samples; score must return exactly one number per sample, in their order");
    }

    static RewardException notFinite(String reward, int index, Sample sample, double score) {
        return of(Kind.NOT_FINITE, reward, "returned " + score + "; " + HINT_FOR_UNSCORABLE)
                .atSample(index, sample);
    }

    public Kind kind() {
        return kind;
    }

    /** The name of the reward that failed. */
    public String reward() {
        return reward;
    }

    /** The position of the offending sample in the scored list, if the failure belongs to one. */
    public OptionalInt sampleIndex() {
        return index == WHOLE_BATCH ? OptionalInt.empty() : OptionalInt.of(index);
    }

    /** The same failure as that of one sample, by its position in the scored list. */
    public RewardException atSample(int position, Sample sample) {
        return copy(reward, position, sample.prompt());
    }

    /** The same failure seen from a list in which the scored samples have these positions. */
    RewardException at(int[] positions) {
        return index == WHOLE_BATCH || positions[index] == index ? this : copy(reward, positions[index], prompt);
    }

    /** The same failure of a reward that its host knows by another name. */
    RewardException renamed(String from, String to) {
        return reward.equals(from) ? copy(to, index, prompt) : this;
    }

    private RewardException copy(String newReward, int newIndex, String newPrompt) {
        RewardException copy = new RewardException(kind, newReward, newIndex, newPrompt, problem, getCause());
        copy.setStackTrace(getStackTrace());
        return copy;
    }
}
