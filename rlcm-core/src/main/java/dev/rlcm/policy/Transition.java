package dev.rlcm.policy;

/**
 * One action of a trajectory: a row of a policy-gradient minibatch.
 *
 * @param trajectory where it was taken
 * @param action its index, from 0 to {@link Trajectory#actions} - 1
 */
public record Transition(Trajectory trajectory, int action) {
    public Transition {
        if (action < 0 || action >= trajectory.actions()) {
            throw new IllegalArgumentException("action must be in [0, " + trajectory.actions() + "), got " + action);
        }
    }

    /** log pi_old, see {@link Trajectory#logProb}. */
    public double logProb() {
        return trajectory.logProb(action);
    }
}
