package dev.rlcm.ppo;

import dev.rlcm.check.Check;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.policy.Transition;
import dev.rlcm.random.RandomStreams;
import java.util.List;

/** See {@link RowSource#lastSteps}. The row is a transition whose state counts, not what follows it. */
record LastSteps(Schedule schedule, int steps) implements RowSource {
    private static final GaussianStep UNUSED = new GaussianStep(0, 1, 1, 1, 1);

    LastSteps {
        int recorded = schedule.evaluations() - schedule.firstAction(); // from there on states are kept
        Check.between(Math.max(1, recorded - schedule.actions()), recorded, "steps", steps);
    }

    @Override
    public List<Transition> rows(Trajectory trajectory, RandomStreams random) {
        float[] start = trajectory.state(schedule.evaluations() - schedule.firstAction() - steps);
        return List.of(new Transition(
                Trajectory.of(
                        trajectory.conditioning(),
                        List.of(start, start),
                        List.of(UNUSED),
                        new double[] {Double.NaN},
                        trajectory.sample()),
                0));
    }

    @Override
    public int count(Schedule ofPolicy) {
        return 1;
    }

    @Override
    public LogProbs logProbs() {
        return LogProbs.NONE;
    }
}
