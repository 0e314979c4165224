package dev.rlcm.spark;

import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.ppo.RowEvaluator;
import dev.rlcm.reward.RewardFunction;
import java.io.IOException;
import java.util.UUID;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Training whose network runs on the executors of a Spark cluster, while adapter, optimiser and loop are the driver's:
 *
 * <pre>{@code
 * try (ClusterTraining cluster = ClusterTraining.open(spark, setup)) {
 *     new Trainer(cluster.policy(), cluster.optimizer(), cluster.reward(), prompts, config).run(listener);
 * }
 * }</pre>
 *
 * <p>A rollout is one stage: executors sample its batches, score the pictures, and keep the trajectories; scores, log-probabilities
 * and small pictures come to the driver. An optimiser step is one job: minibatches are evaluated by executors, and their gradients
 * added on the driver in the order of the rows. What an executor loses is computed again from its random streams and the adapter
 * of that rollout. So the adapter has the bits that one backend with the executors' threads gives, whatever the number of
 * executors and whatever is lost.
 *
 * <p>Not thread-safe. Owns the driver's model; the Spark context stays the caller's.
 */
public final class ClusterTraining implements AutoCloseable {
    /** The longest side, in pixels, of pictures that come to the driver if executors score them. */
    public static final int LONGEST_SIDE = 256;

    private final Assignment assignment;
    private final ClusterModel model;
    private final ClusterPolicy policy;
    private final PpoOptimizer optimizer;
    private final ClusterReward reward;

    private ClusterTraining(
            Assignment assignment,
            ClusterModel model,
            ClusterPolicy policy,
            PpoOptimizer optimizer,
            ClusterReward reward) {
        this.assignment = assignment;
        this.model = model;
        this.policy = policy;
        this.optimizer = optimizer;
        this.reward = reward;
    }

    /**
     * Opens the model on the driver and on an executor.
     *
     * @throws IOException if the driver cannot read the model
     * @throws dev.rlcm.backend.BackendException if an executor cannot open it, or has another one; the message names the host
     * @throws IllegalArgumentException if the objective cannot be trained on a cluster
     */
    public static ClusterTraining open(JavaSparkContext spark, ClusterSetup setup) throws IOException {
        String id = UUID.randomUUID().toString();
        ClusterModel model = setup.open();
        try {
            Assignment assignment =
                    new Assignment(id, setup, Fingerprints.ofLibrary(RowEvaluator.class), model.fingerprint());
            ConsistencyPolicy local = model.policy();
            ClusterReward reward = new ClusterReward(model.reward());
            ClusterPolicy policy = new ClusterPolicy(spark, assignment, local, reward, LONGEST_SIDE);
            PpoOptimizer optimizer = PpoOptimizer.of(
                    policy, model.ppo(), model.objective(local), ClusterRows.open(spark, assignment, local));
            return new ClusterTraining(assignment, model, policy, optimizer, reward);
        } catch (IOException | RuntimeException e) {
            Workers.close(id);
            model.close();
            throw e;
        }
    }

    /**
     * The policy: samples on the executors. Its rollouts stay there until the next one begins; the latents of their trajectories
     * cannot be read.
     */
    public ConsistencyPolicy policy() {
        return policy;
    }

    /** Updates the policy with its latest rollout. */
    public PpoOptimizer optimizer() {
        return optimizer;
    }

    /** The reward of pictures that the policy sampled. */
    public RewardFunction reward() {
        return reward.forTraining();
    }

    /** Frees what executors and driver keep. Executors keep their network for a later training until they end. */
    @Override
    public void close() {
        optimizer.close();
        policy.close();
        Workers.close(assignment.id()); // of tasks that ran in this process, as with the master "local"
        model.close();
    }
}
