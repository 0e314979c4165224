package dev.rlcm.policy;

import dev.rlcm.random.Noise;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.function.Consumer;

/**
 * What to sample.
 *
 * @param prompts at least one; the same one may stand several times
 * @param noise the source of all noise. Trajectory i draws as its index i says, so that sampling four prompts together or one
 *     by one, each with its index, gives the same pictures
 * @param onBatch is given the pictures of each batch as soon as they are decoded, so that they can be rewarded while the next
 *     batch is sampled. It is called on the thread that asked for the rollout, with at most {@link RolloutPlan#batch} pictures in the order of
 *     the prompts; what it throws ends the rollout
 */
public record RolloutRequest(List<Prompt> prompts, Noise noise, Consumer<List<Sample>> onBatch) {
    public RolloutRequest {
        prompts = List.copyOf(prompts);
        if (prompts.isEmpty()) {
            throw new IllegalArgumentException("a rollout needs at least one prompt");
        }
    }

    /** A request that hands over nothing before the rollout is complete. */
    public static RolloutRequest of(List<Prompt> prompts, Noise noise) {
        return new RolloutRequest(prompts, noise, batch -> {});
    }

    /** The same of prompts without metadata. */
    public static RolloutRequest texts(List<String> prompts, Noise noise) {
        return of(Prompt.all(prompts), noise);
    }

    public RolloutRequest withOnBatch(Consumer<List<Sample>> value) {
        return new RolloutRequest(prompts, noise, value);
    }
}
