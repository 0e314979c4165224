package dev.rlcm.ppo;

import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.Trajectory;
import java.util.Arrays;

/**
 * The advantages of an update.
 *
 * @param values clamped; one for each trajectory, or one for each action, trajectory by trajectory
 * @param beginnings of each trajectory among those of actions; empty where there is one for each trajectory
 */
record Credits(double[] values, int[] beginnings) {
    /** @throws IllegalArgumentException if their number is neither, or one is not finite */
    static Credits of(Rollout rollout, double[] advantages, double clamp) {
        int[] beginnings = new int[rollout.size()];
        int actions = 0;
        for (int i = 0; i < beginnings.length; i++) {
            beginnings[i] = actions;
            actions += rollout.trajectories().get(i).actions();
        }
        boolean byTrajectory = advantages.length == rollout.size();
        if (!byTrajectory && advantages.length != actions) {
            throw new IllegalArgumentException("expected " + rollout.size() + " advantages, one per trajectory, or "
                    + actions + ", one per action, got " + advantages.length);
        }
        for (int i = 0; i < advantages.length; i++) {
            if (!Double.isFinite(advantages[i])) {
                int owner = byTrajectory ? i : owner(beginnings, i);
                Trajectory trajectory = rollout.trajectories().get(owner);
                throw new IllegalArgumentException("advantage " + i + " is " + advantages[i] + " (prompt \""
                        + trajectory.prompt() + "\"); check the reward");
            }
        }
        double[] clamped = Arrays.stream(advantages)
                .map(advantage -> Math.max(-clamp, Math.min(clamp, advantage)))
                .toArray();
        return new Credits(clamped, byTrajectory ? new int[0] : beginnings);
    }

    private static int owner(int[] beginnings, int action) {
        int found = Arrays.binarySearch(beginnings, action);
        return found >= 0 ? found : -found - 2;
    }

    boolean isByAction() {
        return beginnings.length > 0;
    }

    /** Of an action of a trajectory, by their indices. */
    double of(int trajectory, int action) {
        return isByAction() ? values[beginnings[trajectory] + action] : values[trajectory];
    }
}
