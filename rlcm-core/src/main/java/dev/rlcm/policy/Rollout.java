package dev.rlcm.policy;

import dev.rlcm.reward.Sample;
import java.util.ArrayList;
import java.util.List;

/**
 * Trajectories sampled from one policy. Immutable.
 *
 * @param trajectories in the order of their prompts
 */
public record Rollout(List<Trajectory> trajectories) {
    public Rollout {
        trajectories = List.copyOf(trajectories);
    }

    /** The number of trajectories. */
    public int size() {
        return trajectories.size();
    }

    /** One for every trajectory, repeated where a prompt was sampled several times. */
    public List<String> prompts() {
        return trajectories.stream().map(Trajectory::prompt).toList();
    }

    /** The pictures to be rewarded, one for every trajectory. */
    public List<Sample> samples() {
        return trajectories.stream().map(Trajectory::sample).toList();
    }

    /**
     * Some of the trajectories, in the given order.
     *
     * @param indices each in [0, size)
     */
    public Rollout select(List<Integer> indices) {
        return new Rollout(indices.stream().map(trajectories::get).toList());
    }

    /**
     * Every action of one trajectory, first to last.
     *
     * @param index of the trajectory, in [0, size)
     */
    public List<Transition> transitions(int index) {
        Trajectory trajectory = trajectories.get(index);
        List<Transition> rows = new ArrayList<>();
        for (int k = 0; k < trajectory.actions(); k++) {
            rows.add(new Transition(trajectory, k));
        }
        return rows;
    }
}
