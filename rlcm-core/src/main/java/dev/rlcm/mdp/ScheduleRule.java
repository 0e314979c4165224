package dev.rlcm.mdp;

import java.util.List;

/** Makes schedules of any number of evaluations. Implementations are immutable. */
public interface ScheduleRule {
    /**
     * The schedule of N evaluations.
     *
     * @throws IllegalArgumentException if there is none of so many
     */
    Schedule steps(int evaluations);

    /** The forward process at the timesteps of N evaluations, with the model's estimate of the sample that is decoded. */
    List<ForwardStep> forwardSteps(int evaluations);
}
