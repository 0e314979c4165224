package dev.rlcm.spark;

import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.RowEvaluator;
import dev.rlcm.reward.RewardFunction;
import java.io.IOException;

/** What one task works with. Used by one thread at a time. */
final class Worker implements AutoCloseable {
    private final ConsistencyPolicy policy;
    private final RowEvaluator evaluator;
    private final RewardFunction reward;
    private String loaded = "";

    Worker(ClusterModel model) throws IOException {
        this.policy = model.policy();
        this.evaluator = RowEvaluator.of(policy, model.ppo(), model.objective(policy));
        this.reward = model.reward().checked();
    }

    /** The policy with these weights. */
    ConsistencyPolicy policy(AdapterWeights weights) {
        load(weights);
        return policy;
    }

    /** The evaluator of rows with these weights. */
    RowEvaluator evaluator(AdapterWeights weights) {
        load(weights);
        return evaluator;
    }

    RewardFunction reward() {
        return reward;
    }

    private void load(AdapterWeights weights) {
        if (!loaded.equals(weights.hash())) {
            loaded = "";
            weights.into(policy.parameters());
            loaded = weights.hash();
        }
    }

    @Override
    public void close() {
        evaluator.close();
        policy.close();
    }
}
