package dev.rlcm.train;

import dev.rlcm.check.Check;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Prompts in two parts: those that are trained on, and those that only evaluations see, which tell whether what was learned holds
 * beyond its prompts.
 *
 * @param training at least one
 * @param evaluation at least one, none of the former
 */
public record HeldOutPrompts(List<Prompt> training, List<Prompt> evaluation) {
    public HeldOutPrompts {
        training = List.copyOf(training);
        evaluation = List.copyOf(evaluation);
        Check.that(!training.isEmpty(), "training", "at least one prompt", training);
        Check.that(!evaluation.isEmpty(), "evaluation", "at least one prompt", evaluation);
    }

    /**
     * Holds a share of the prompts out, at random. Both parts keep the order.
     *
     * @param prompts at least two; equal ones stay together
     * @param share in (0, 1); at least one prompt goes to each part
     * @param random drawn from {@code random.at("held out")}
     */
    public static HeldOutPrompts split(List<Prompt> prompts, double share, RandomStreams random) {
        List<Prompt> different = prompts.stream().distinct().toList();
        int size = different.size();
        Check.that(share > 0 && share < 1, "share", "in (0, 1)", share);
        Check.atLeast(2, "the number of different prompts", size);
        long count = Math.max(1, Math.min(size - 1, Math.round(share * size)));
        Set<Prompt> heldOut = Arrays.stream(random.at("held out").permutation(size))
                .limit(count)
                .mapToObj(different::get)
                .collect(Collectors.toSet());
        return new HeldOutPrompts(
                prompts.stream().filter(prompt -> !heldOut.contains(prompt)).toList(),
                prompts.stream().filter(heldOut::contains).toList());
    }
}
