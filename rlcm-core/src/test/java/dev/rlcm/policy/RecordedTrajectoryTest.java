package dev.rlcm.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.reward.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Trajectories that a host has recorded, and what rollouts say of them. */
class RecordedTrajectoryTest {
    private static final GaussianStep STEP = new GaussianStep(500, 1, 0.5, 0.25, 0.1);
    private static final GaussianStep LAST = new GaussianStep(250, 1, 0.25, 0.5, 0.2);

    private static Trajectory of(List<float[]> states, List<GaussianStep> steps, double... logProbs) {
        return Trajectory.of(Map.of(), states, steps, logProbs, Sample.of("a cat", 1, 1, new float[3]));
    }

    private static List<float[]> states(int... sizes) {
        return Arrays.stream(sizes)
                .mapToObj(size -> {
                    float[] state = new float[size];
                    Arrays.fill(state, size);
                    return state;
                })
                .toList();
    }

    private static Trajectory whole() {
        return of(List.of(new float[] {1, 2}, new float[] {3, 4}, new float[] {5, 6}), List.of(STEP, LAST), -1, -2);
    }

    @Test
    void aTrajectoryHoldsWhatItWasGiven() {
        Trajectory trajectory = whole();
        assertThat(trajectory.prompt()).isEqualTo("a cat");
        assertThat(trajectory.actions()).isEqualTo(2);
        assertThat(trajectory.state(0)).containsExactly(1, 2);
        assertThat(trajectory.state(2)).containsExactly(5, 6);
        assertThat(trajectory.step(1)).isEqualTo(LAST);
        assertThat(trajectory.logProb(1)).isEqualTo(-2);
        assertThat(trajectory.latent()).isEmpty();
        Trajectory complete = Trajectory.of(
                Map.of(), states(2, 2), List.of(STEP), new double[1], trajectory.sample(), new float[] {7, 8});
        assertThat(complete.latent())
                .hasValueSatisfying(latent -> assertThat(latent).containsExactly(7, 8));
    }

    @Test
    void partsThatDoNotFitAreRefused() {
        refused(() -> of(states(2, 2), List.of(STEP, LAST), 0, 0), "states must be one more than the 2 steps, got 2");
        refused(() -> of(states(2, 2), List.of(STEP), 0, 0), "logProbs must be one for each of the 1 steps, got 2");
        refused(() -> of(states(2, 2, 3), List.of(STEP, LAST), 0, 0), "state 2 must be as long as the first, 2, got 3");
        refused(
                () -> Trajectory.of(
                        Map.of(), states(2, 2), List.of(STEP), new double[1], whole().sample(), new float[3]),
                "latent must be as long as the states, 2, got 3");
        assertThatThrownBy(() -> of(states(2, 2), List.of(new GaussianStep(0, 1, 1, 1, 0)), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("step 0 must be stochastic");
    }

    private static void refused(Runnable made, String message) {
        assertThatThrownBy(made::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void aTransitionIsOneOfTheTrajectorysActions() {
        Trajectory trajectory = whole();
        assertThat(new Transition(trajectory, 0).logProb()).isEqualTo(-1);
        assertThat(new Transition(trajectory, 1).logProb()).isEqualTo(-2);
        refused(() -> new Transition(trajectory, 2), "action must be in [0, 2), got 2");
        refused(() -> new Transition(trajectory, -1), "action must be in [0, 2), got -1");
    }

    @Test
    void aRolloutListsItsTrajectoriesAndTheirActions() {
        Trajectory other = of(states(1, 1), List.of(STEP), -3);
        Rollout rollout = new Rollout(List.of(whole(), other));
        assertThat(rollout.size()).isEqualTo(2);
        assertThat(rollout.prompts()).containsExactly("a cat", "a cat");
        assertThat(rollout.samples()).hasSize(2).contains(other.sample());
        assertThat(rollout.transitions(0)).extracting(Transition::action).containsExactly(0, 1);
        assertThat(rollout.transitions(1)).containsExactly(new Transition(other, 0));
        assertThat(rollout.select(List.of(1, 0, 1)).trajectories())
                .containsExactly(other, rollout.trajectories().get(0), other);
    }
}
