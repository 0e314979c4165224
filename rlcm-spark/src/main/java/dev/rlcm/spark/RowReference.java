package dev.rlcm.spark;

import dev.rlcm.policy.Trajectory;
import dev.rlcm.policy.Transition;
import dev.rlcm.ppo.Row;
import java.io.Serializable;
import java.util.Map;

/**
 * A row of a minibatch whose latents are on an executor.
 *
 * @param trajectory its index in the rollout
 */
record RowReference(int trajectory, int action, double oldLogProb, double advantage) implements Serializable {
    /** @throws IllegalArgumentException if the row is not of a rollout on a cluster */
    static RowReference of(Row row) {
        Trajectory trajectory = row.transition().trajectory();
        if (trajectory instanceof RemoteTrajectory remote) {
            return new RowReference(remote.index(), row.transition().action(), row.oldLogProb(), row.advantage());
        }
        throw new IllegalArgumentException("the trajectory of \"" + trajectory.prompt()
                + "\" is not on the cluster; update with rollouts of the cluster's policy");
    }

    Row toRow(Map<Integer, Trajectory> trajectories) {
        Trajectory stored = trajectories.get(trajectory);
        if (stored == null) {
            throw new IllegalStateException("trajectory " + trajectory + " did not reach the minibatch that needs it");
        }
        return new Row(new Transition(stored, action), oldLogProb, advantage);
    }
}
