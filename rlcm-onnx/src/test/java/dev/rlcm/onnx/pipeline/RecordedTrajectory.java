package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.reward.Sample;
import java.util.Arrays;
import java.util.Map;

/**
 * States that were recorded elsewhere, all of whose steps are actions.
 *
 * @param states x_0 to x_K, one after the other
 */
record RecordedTrajectory(Map<String, TensorData> conditioning, float[] states, Schedule schedule)
        implements Trajectory {
    @Override
    public String prompt() {
        return "recorded";
    }

    @Override
    public int actions() {
        return schedule.actions();
    }

    @Override
    public float[] state(int k) {
        int size = states.length / (actions() + 1);
        return Arrays.copyOfRange(states, k * size, (k + 1) * size);
    }

    @Override
    public GaussianStep step(int k) {
        return schedule.steps().get(k);
    }

    @Override
    public double logProb(int k) {
        throw new AssertionError("log-probabilities are compared, not used");
    }

    @Override
    public Sample sample() {
        throw new AssertionError("no picture was recorded");
    }
}
