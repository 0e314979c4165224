package dev.rlcm.ppo;

import dev.rlcm.policy.Trajectory;
import dev.rlcm.random.RandomStreams;
import java.util.Arrays;

/** The noise of steps that an update takes itself, see {@link Objective#directReward}. Constants of the gradient. */
@FunctionalInterface
public interface StepNoise {
    /**
     * The noise of one step of one trajectory. The same arguments should give the same numbers.
     *
     * @param trajectory with the state from which the update starts as its first
     * @param step its index in the schedule
     * @param size how many standard normal numbers to return
     */
    float[] draw(Trajectory trajectory, int step, int size);

    /** Draws keyed by the state from which the update starts, so that they are the same in all inner epochs. */
    static StepNoise fresh() {
        return (trajectory, step, size) -> RandomStreams.seeded(Arrays.hashCode(trajectory.state(0)))
                .at("last steps")
                .at(step)
                .gaussians(size);
    }
}
