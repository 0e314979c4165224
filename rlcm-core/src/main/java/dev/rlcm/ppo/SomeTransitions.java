package dev.rlcm.ppo;

import dev.rlcm.check.Check;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.policy.Transition;
import dev.rlcm.random.RandomStreams;
import java.util.Arrays;
import java.util.List;

/** See {@link RowSource#someTransitions}. */
record SomeTransitions(int most) implements RowSource {
    SomeTransitions {
        Check.atLeast(1, "count", most);
    }

    @Override
    public List<Transition> rows(Trajectory trajectory, RandomStreams random) {
        return Arrays.stream(random.at("actions").permutation(trajectory.actions()))
                .limit(most)
                .sorted()
                .mapToObj(action -> new Transition(trajectory, action))
                .toList();
    }

    @Override
    public int count(Schedule schedule) {
        return Math.min(most, schedule.actions());
    }

    @Override
    public LogProbs logProbs() {
        return LogProbs.RECORDED;
    }
}
