package dev.rlcm.ppo;

import dev.rlcm.graph.TensorData;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.Rollout;
import java.util.Map;

/**
 * Improves a policy from rewarded rollouts by proximal policy optimisation: the update half of Algorithm 1 of Oertell et
 * al., 2024. Changes the policy's parameters in place. Not thread-safe. Everything native belongs to the policy's backend; closing
 * an optimiser earlier frees its part.
 */
public interface PpoOptimizer extends AutoCloseable {
    /**
     * One update: {@code innerEpochs} passes over all transitions of the rollout, an optimiser step for every
     * {@code trajectoriesPerStep} trajectories. A step whose loss or gradient is not finite is left out and counted. The first
     * update compiles a graph, which takes seconds for a large model. An update that fails changes nothing.
     *
     * @param rollout of this policy with its present weights; a report tells an older one by its {@link
     *     UpdateReport.Ratios#initialError}, unless old log-probabilities are {@linkplain PpoConfig#recomputeLogProbs recomputed}
     * @param advantages one finite number per trajectory, in its order, or, for algorithms that learn from single actions, one
     *     per action, trajectory by trajectory; clamped as the settings say, not modified
     * @throws IllegalArgumentException if their number is not that of the trajectories or actions, or one is not finite
     * @throws dev.rlcm.backend.BackendException if the backend fails
     */
    default UpdateReport update(Rollout rollout, double[] advantages) {
        return update(rollout, advantages, UpdateObserver.NONE);
    }

    /**
     * As {@link #update(Rollout, double[])}, watched. An update that throws, whatever it throws, is taken back: weights and
     * state are as before, and it does not count for the learning-rate schedule.
     */
    UpdateReport update(Rollout rollout, double[] advantages, UpdateObserver observer);

    /** The settings. */
    PpoConfig config();

    /**
     * All that a later run needs to continue bit for bit, besides the policy's parameters, by name. Copies, ready for
     * {@link dev.rlcm.io.Safetensors}.
     */
    Map<String, TensorData> state();

    /**
     * Continues from a {@link #state}.
     *
     * @throws IllegalArgumentException if it belongs to other parameters or another optimiser; nothing is restored then
     */
    void restore(Map<String, TensorData> state);

    /** Frees what updates take. Idempotent; an update afterwards compiles anew. */
    @Override
    void close();

    /**
     * With the clipped surrogate of PPO.
     *
     * @throws IllegalArgumentException if the policy's schedule has no stochastic action
     */
    static PpoOptimizer of(Policy policy, PpoConfig config) {
        return of(policy, config, PolicyLosses.clipped());
    }

    /**
     * With a loss of one's own.
     *
     * @throws IllegalArgumentException if the policy's schedule has no stochastic action
     * @throws dev.rlcm.graph.GraphException if the loss does not give one number per transition
     */
    static PpoOptimizer of(Policy policy, PpoConfig config, PolicyLoss loss) {
        return of(policy, config, Objective.of(loss));
    }

    /**
     * With another algorithm's objective: pairs of trajectories, other kinds of rows.
     *
     * @throws IllegalArgumentException if a trajectory of the policy has no rows
     * @throws dev.rlcm.graph.GraphException if the loss does not give one number per row
     */
    static PpoOptimizer of(Policy policy, PpoConfig config, Objective objective) {
        return of(policy, config, objective, RowEvaluator.of(policy, config, objective));
    }

    /**
     * With rows evaluated elsewhere than on the policy's backend, such as on a cluster.
     *
     * @param evaluator of the same policy, settings and objective; closed with the optimiser
     */
    static PpoOptimizer of(Policy policy, PpoConfig config, Objective objective, RowEvaluator evaluator) {
        return new MinibatchPpoOptimizer(policy, config, objective, evaluator);
    }
}
