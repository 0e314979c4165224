package dev.rlcm.reward;

import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * What the policy is to maximise: any black box from pictures to numbers.
 *
 * <p>Threads: the trainer and a {@link RewardPool} of one thread call a reward from one thread at a time, a pool of
 * several calls it concurrently with parts of a batch; then it has to be thread-safe. A reward whose scores depend on the
 * other samples of a call says so by its {@link #scope}. Combinators add no state of their own, but for {@link #cached}. A
 * reward that holds resources is closed by whoever made it.
 */
@FunctionalInterface
public interface RewardFunction {
    /**
     * Scores pictures.
     *
     * @param samples unmodifiable, possibly empty
     * @return one finite number per sample, in their order, in any unit; higher is better. Owned by the caller
     */
    double[] score(List<Sample> samples);

    /**
     * Scores pictures some of which may fail. The default calls {@link #score} once: if that throws or returns the wrong number
     * of scores, no picture of the batch has one; a score that is not finite is missing for its picture alone. Rewards that know
     * more than that, and those made of others, override this.
     *
     * @param policy what a failure makes of a picture
     * @return one per sample, in their order, unmodifiable
     * @throws RewardException the first failure, if the policy is {@link RewardFailure#FAIL}
     */
    default List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        return CheckedReward.attemptByScore(this, samples, policy);
    }

    /**
     * Whether scoring waits, right now, for something that is away, such as a server that is down. Whoever is asked to stop need
     * not wait for such a reward. Any thread may ask.
     */
    default boolean isPaused() {
        return false;
    }

    /** How messages and reports call this reward: the class's simple name unless {@link #named} says otherwise. */
    default String name() {
        Class<?> type = getClass();
        return type.isHidden() || type.isSynthetic() || type.isAnonymousClass()
                ? "custom reward"
                : type.getSimpleName();
    }

    /** Which samples have to be scored in one call; a call may hold several such groups, but only whole ones. */
    default RewardScope scope() {
        return RewardScope.SAMPLE;
    }

    /** A reward that looks at one picture at a time; if it throws, the {@link RewardException} says for which. */
    static RewardFunction each(ToDoubleFunction<? super Sample> scorer) {
        return new PerSampleReward(scorer);
    }

    /**
     * A reward that compares the samples of one prompt with each other: how they rank, who wins against whom, how much they
     * differ. See {@link GroupRewards} for ready-made ones.
     *
     * @param scorer from all samples of one prompt to one number for each, in their order
     */
    static RewardFunction perPrompt(Function<? super List<Sample>, double[]> scorer) {
        return new PerPromptReward(scorer);
    }

    /** The start of a weighted sum: {@code weighted(0.7, jpeg).and(0.3, aesthetic)}. */
    static WeightedReward weighted(double weight, RewardFunction reward) {
        return WeightedReward.of(weight, reward);
    }

    /**
     * This reward times a factor.
     *
     * @throws IllegalArgumentException if it is not finite
     */
    default RewardFunction times(double factor) {
        return WeightedReward.of(factor, this);
    }

    /** The opposite goal. */
    default RewardFunction negated() {
        return times(-1);
    }

    /** The sum of two rewards, both evaluated on the same samples. */
    default RewardFunction plus(RewardFunction other) {
        return WeightedReward.of(1, this).and(1, other);
    }

    /**
     * This reward with its scores held within bounds: beyond them nothing more is to be won or lost.
     *
     * @throws IllegalArgumentException unless low is less than high
     */
    default RewardFunction clipped(double low, double high) {
        return ShapedReward.clipped(this, low, high);
    }

    /**
     * This reward as something of which a certain amount is enough: min(score, enough).
     *
     * @throws IllegalArgumentException if that is not finite
     */
    default RewardFunction atLeast(double enough) {
        return ShapedReward.atLeast(this, enough);
    }

    /**
     * The same reward with the scores of the pictures scored last remembered by their content: pixels, prompt and metadata. Thread-safe
     * if this reward is.
     *
     * @param mostScores how many are kept, at least 1; each takes about 150 bytes, the pictures are not kept
     * @throws IllegalArgumentException if scores depend on other samples, see {@link #scope}
     */
    default RewardFunction cached(int mostScores) {
        return new CachedReward(this, mostScores);
    }

    /**
     * The same reward under another name.
     *
     * @throws IllegalArgumentException if that is blank
     */
    default RewardFunction named(String name) {
        return new NamedReward(this, name);
    }

    /**
     * The same reward with a policy of its own for the pictures that it fails to score. Sums of rewards, {@link
     * RewardPool} and the trainer respect it; {@link #score} throws whatever the policy.
     */
    default RewardFunction onFailure(RewardFailure policy) {
        return new TolerantReward(this, policy);
    }

    /**
     * The same reward with its contract enforced: whatever goes wrong (an exception, the wrong number of scores, a score
     * that is not finite) becomes a {@link RewardException} that names the reward, the sample and the remedy.
     */
    default RewardFunction checked() {
        return new CheckedReward(this);
    }
}
