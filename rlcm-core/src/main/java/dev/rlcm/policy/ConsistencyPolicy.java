package dev.rlcm.policy;

import dev.rlcm.backend.Backend;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.random.Noise;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.function.Consumer;

/**
 * A stochastic policy over denoising steps: a consistency model whose multi-step sampling is a short-horizon Markov
 * decision process with Gaussian actions (Oertell et al., 2024, section 4).
 *
 * <p>Sampling and optimising share the adapter's live weights, so rollouts are always on-policy. Not thread-safe:
 * one thread samples or trains at a time. Everything native belongs to the {@link Backend}, which the host closes; closing a
 * policy earlier frees its part, which a host that makes many of them will want.
 */
public interface ConsistencyPolicy extends AutoCloseable {
    /**
     * Samples one trajectory per prompt with the adapter's present weights.
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

    /** The live adapter: what is changed in it holds from the next rollout or update on. */
    LoraAdapter adapter();

    /** The steps of every trajectory. */
    Schedule schedule();

    /** How it samples. */
    SamplingPlan plan();

    /**
     * The policy as an expression over a batch of transitions, for optimisers to differentiate; a new one at every call,
     * nothing compiled.
     *
     * @param rows the number of transitions in the batch, at least 1
     */
    PolicyGraph graph(int rows);

    /** The backend that runs this policy and its optimisers. */
    Backend backend();

    /** Frees what sampling takes; the adapter stays usable, rollouts are refused. Idempotent. */
    @Override
    void close();

    /**
     * The policy of a model under a schedule, with the given adapter. Compiles a graph, which takes memory until the
     * policy or its backend is closed, and time: keep a policy, do not make one per request.
     *
     * @param schedule the steps, the deterministic ones after all others
     * @param plan of which guidance, batch and reduction count: the rest is for making schedules
     * @param adapter shared, not copied
     * @param backend stays the caller's
     * @throws IllegalArgumentException if a deterministic step of the schedule comes before a stochastic one
     * @throws dev.rlcm.graph.GraphException if the model lacks a layer of the adapter
     */
    static ConsistencyPolicy of(
            ConsistencyModel model, Schedule schedule, SamplingPlan plan, LoraAdapter adapter, Backend backend) {
        return new LoraPolicy(model, schedule, plan, adapter, backend);
    }
}
