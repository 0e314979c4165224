package dev.rlcm.policy;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.mdp.Schedule;
import java.util.Map;

/**
 * A consistency model with a low-rank adapter, whose multi-step sampling is a short-horizon Markov decision process with
 * Gaussian actions (Oertell et al., 2024, section 4). What is trained is the adapter.
 */
public interface ConsistencyPolicy extends Policy {
    /** The live adapter, whose weights are the {@link #parameters}. */
    LoraAdapter adapter();

    @Override
    default Map<String, TensorData> parameters() {
        return adapter().tensors();
    }

    /** How it samples. */
    RolloutPlan plan();

    /**
     * The policy of a model under a schedule, with the given adapter. Compiles a graph, which takes time, and memory until
     * the policy or its backend is closed: keep a policy, do not make one per request.
     *
     * @param schedule the steps; deterministic ones may come before and after all stochastic ones
     * @param adapter shared, not copied
     * @param backend stays the caller's
     * @throws IllegalArgumentException if a deterministic step of the schedule is between stochastic ones
     * @throws dev.rlcm.graph.GraphException if the model lacks a layer of the adapter
     */
    static ConsistencyPolicy of(
            ConsistencyModel model, Schedule schedule, RolloutPlan plan, LoraAdapter adapter, Backend backend) {
        return new LoraPolicy(model, schedule, plan, adapter, backend);
    }
}
