package dev.rlcm.train;

import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import java.util.List;

/**
 * Where a {@link Trainer} gets its prompts from: DDPO's prompt function. {@link Prompts}, a list of texts, is the usual one.
 * Called on the training thread.
 */
@FunctionalInterface
public interface PromptSource {
    /**
     * The prompts of one epoch. A run that is resumed asks only for the epochs that are left, so the result should depend on
     * nothing but the arguments.
     *
     * @param epoch from 0, for sources that change in the course of training
     * @param count how many to return; a trainer samples each {@link TrainerConfig#samplesPerPrompt} times
     * @param random the epoch's streams; draw from a child such as {@code random.at("prompts")}
     * @return [count]; a prompt may stand several times
     */
    List<Prompt> draw(int epoch, int count, RandomStreams random);

    /**
     * How checkpoints and their messages tell this source from another: the class's simple name, unless a source knows
     * better.
     */
    default String name() {
        Class<?> type = getClass();
        return type.isHidden() || type.isSynthetic() || type.isAnonymousClass() ? "custom" : type.getSimpleName();
    }

    /**
     * Draws uniformly with replacement, as {@link Prompts} does.
     *
     * @param prompts at least one
     */
    static PromptSource uniform(List<Prompt> prompts) {
        return WeightedPrompts.uniform(prompts);
    }

    /**
     * Draws with replacement, each prompt with a probability in proportion to its weight.
     *
     * @param prompts at least one
     * @param weights one per prompt, finite and not negative, not all 0
     */
    static PromptSource weighted(List<Prompt> prompts, double... weights) {
        return new WeightedPrompts(prompts, weights);
    }
}
