package dev.rlcm.spark;

import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.Objective;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.reward.RewardFunction;
import java.io.IOException;

/**
 * A model in one process of the cluster. Its network is shared by all tasks that run there at once. Thread-safe, but for
 * what it makes.
 */
public interface ClusterModel extends AutoCloseable {
    /** A new policy on the network, with an adapter of its own: the same initial weights at every call. */
    ConsistencyPolicy policy() throws IOException;

    /** What updates of such a policy minimise: over transitions or pairs of trajectories, without the old policy's means. */
    Objective objective(ConsistencyPolicy policy) throws IOException;

    /** The settings of updates. */
    PpoConfig ppo();

    /** Scores pictures where they are made. Called by several tasks at once. */
    RewardFunction reward();

    /**
     * What tells this model from others: as a rule a hash of its files, see {@link Fingerprints#ofFiles}. Processes whose
     * fingerprints differ from the driver's do no work.
     */
    String fingerprint();

    /** Frees the network. */
    @Override
    void close();
}
