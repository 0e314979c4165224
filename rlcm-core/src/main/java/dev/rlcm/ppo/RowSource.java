package dev.rlcm.ppo;

import dev.rlcm.mdp.ForwardStep;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.policy.Transition;
import dev.rlcm.random.RandomStreams;
import java.util.List;
import java.util.stream.IntStream;

/** Makes the rows of a trajectory that an update learns from. Implementations are stateless. */
public interface RowSource {
    /**
     * The rows of one trajectory, {@link #count} of them.
     *
     * @param random the same for all trajectories of a prompt in an update, so that they may share what is drawn
     */
    List<Transition> rows(Trajectory trajectory, RandomStreams random);

    /** How many rows a trajectory of that schedule has; 0 if there is nothing to learn from. */
    int count(Schedule schedule);

    /** What is known about the rows' log-probabilities. */
    LogProbs logProbs();

    /** See {@link #logProbs}. */
    enum LogProbs {
        /** {@link Transition#logProb} is that of the policy that sampled. */
        RECORDED,
        /** It is not known: an update evaluates it before it begins. */
        EVALUATED,
        /** Rows have none: reports of ratios are NaN. */
        NONE
    }

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
            public LogProbs logProbs() {
                return LogProbs.RECORDED;
            }

            @Override
            public String toString() {
                return "transitions";
            }
        };
    }

    /**
     * Some of the actions, drawn anew for every update, without replacement; trajectories of a prompt have the same ones. An update
     * takes less time, and its gradient is that of all actions on average. Li et al., 2025, arXiv:2507.21802 (MixGRPO), train on a
     * window of the steps, which alone are stochastic there; here the others stay as they are sampled.
     *
     * @param count of a trajectory's actions, at least 1; all of them if there are no more
     */
    static RowSource someTransitions(int count) {
        return new SomeTransitions(count);
    }

    /**
     * Forward-noised rows (x0, t, z): the final latent x0 of a trajectory, noised again to x = signal x0 + noise z at timesteps drawn
     * from the given ones, with the way back from x to x0 as the action, see {@link ForwardStep#likelihood}. The path by which the
     * picture was sampled does not matter, so that any sampler may have made it, or a data set. Losses over transitions serve these
     * rows too: minus the log-probability is the loss of denoising. Samples of a prompt share t and z in an update, so that their
     * comparison does not depend on these.
     *
     * @param steps of the model's forward process, as {@link dev.rlcm.mdp.LatentConsistencySchedule#forwardSteps}
     * @param draws rows per trajectory, at least 1
     */
    static RowSource noised(List<ForwardStep> steps, int draws) {
        return new NoisedLatents(steps, draws);
    }

    /**
     * One row for every trajectory: the state from which its last steps start. For losses that go through these steps themselves,
     * see {@link Objective#directReward}.
     *
     * @param schedule of the policy
     * @param steps K, in [1, N]
     */
    static RowSource lastSteps(Schedule schedule, int steps) {
        return new LastSteps(schedule, steps);
    }
}
