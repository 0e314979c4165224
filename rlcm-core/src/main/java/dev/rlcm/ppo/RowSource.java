package dev.rlcm.ppo;

import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.policy.Transition;
import dev.rlcm.random.RandomStreams;
import java.util.List;
import java.util.stream.IntStream;

/** Of what kind the rows of a minibatch are, that is what an update makes of a trajectory. */
public interface RowSource {
    /**
     * The rows of one trajectory, {@link #count} of them.
     *
     * @param random the same for all trajectories of a prompt in an update, so that they may share what is drawn
     */
    List<Transition> rows(Trajectory trajectory, RandomStreams random);

    /** How many rows a trajectory of that schedule has; 0 if there is nothing to learn from. */
    int count(Schedule schedule);

    /** Whether {@link Transition#logProb} is that of the policy that sampled; if not, an update evaluates it before it begins. */
    boolean isRecorded();

    /** The actions of the trajectory as it was sampled: the default. */
    static RowSource transitions() {
        return new RowSource() {
            @Override
            public List<Transition> rows(Trajectory trajectory, RandomStreams random) {
                return IntStream.range(0, trajectory.actions())
                        .mapToObj(k -> new Transition(trajectory, k))
                        .toList();
            }

            @Override
            public int count(Schedule schedule) {
                return schedule.actions();
            }

            @Override
            public boolean isRecorded() {
                return true;
            }

            @Override
            public String toString() {
                return "transitions";
            }
        };
    }
}
