package dev.rlcm.spark;

import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;

/** A rollout on the executors. What is lost of it is computed again from its streams and the adapter it was made with. */
final class ClusterRollout {
    private final JavaRDD<StoredTrajectory> trajectories;
    private final Broadcast<AdapterWeights> adapter;
    private boolean released;

    ClusterRollout(JavaRDD<StoredTrajectory> trajectories, Broadcast<AdapterWeights> adapter) {
        this.trajectories = trajectories;
        this.adapter = adapter;
    }

    /** @throws IllegalArgumentException if it was released */
    JavaRDD<StoredTrajectory> trajectories() {
        if (released) {
            throw new IllegalArgumentException(
                    "a rollout stays on the cluster until the next one begins; update with the latest");
        }
        return trajectories;
    }

    /** Frees what executors and driver keep of it. */
    void release() {
        released = true;
        trajectories.unpersist(false);
        adapter.destroy();
    }
}
