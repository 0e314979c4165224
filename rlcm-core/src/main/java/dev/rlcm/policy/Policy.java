package dev.rlcm.policy;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.random.Noise;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A stochastic policy with Gaussian actions: what a rollout samples and an optimiser differentiates. {@link
 * ConsistencyPolicy} is the one that this library makes; a host may implement its own, whatever its network and its
 * parameters are, from {@link PolicyGraph#of}, {@link Trajectory#of} and {@link dev.rlcm.mdp.GaussianStep}.
 *
 * <p>Sampling and optimising share the live {@link #parameters}, so rollouts are always on-policy. Not thread-safe: one thread
 * samples or trains at a time. Everything native belongs to the {@link Backend}, which the host closes; closing a policy
 * earlier frees its part, which a host that makes many of them will want.
 */
public interface Policy extends AutoCloseable {
    /**
     * Samples one trajectory per prompt with the present parameters.
     *
     * @return as many trajectories as prompts, in their order
     * @throws IllegalArgumentException if the noise has the wrong size or is not finite, if the model conditions on what its
     *     denoiser has no input for, or if the model has diverged so far that a picture is not finite
     * @throws dev.rlcm.backend.BackendException if the backend fails
     */
    Rollout rollout(RolloutRequest request);

    /**
     * Samples one trajectory per prompt, of prompts that are only a text.
     *
     * @param noise the source of all noise, as a rule {@link dev.rlcm.random.RandomStreams}. The same streams give the same
     *     noise again: a loop takes others in every epoch, such as {@code random.at(epoch)}
     * @throws IllegalArgumentException if there are no prompts; also as {@link #rollout(RolloutRequest)}
     */
    default Rollout rollout(List<String> prompts, Noise noise) {
        return rollout(RolloutRequest.texts(prompts, noise));
    }

    /** As {@link #rollout(List, Noise)}; for the last argument see {@link RolloutRequest#onBatch}. */
    default Rollout rollout(List<String> prompts, Noise noise, Consumer<List<Sample>> onBatch) {
        return rollout(RolloutRequest.texts(prompts, noise).withOnBatch(onBatch));
    }

    /**
     * The live numbers that training changes, FLOAT32 in direct buffers, by the names of the inputs of {@link #graph} that
     * stand for them and in the order of {@link PolicyGraph#factors}. What is changed in them holds from the next rollout or
     * update on.
     */
    Map<String, TensorData> parameters();

    /** The steps of every trajectory. */
    Schedule schedule();

    /**
     * Builds the policy as a graph over a batch of transitions, for optimisers to differentiate. Does not compile it. Every
     * call builds a new one.
     *
     * @param rows the number of transitions in the batch, at least 1
     */
    PolicyGraph graph(int rows);

    /** The backend that runs this policy and its optimisers. */
    Backend backend();

    /**
     * What tells this policy from others, by name and in a form that people can read. Checkpoints keep it, and a run of another
     * policy is not resumed. Empty unless an implementation says more.
     */
    default Map<String, String> description() {
        return Map.of();
    }

    /** Frees what sampling takes; the parameters stay usable, rollouts are refused. Idempotent. */
    @Override
    void close();
}
