package dev.rlcm.policy;

import dev.rlcm.check.Check;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** See {@link Trajectory#of}. */
record RecordedTrajectory(
        Map<String, TensorData> conditioning,
        List<float[]> states,
        List<GaussianStep> steps,
        double[] logProbs,
        Sample sample,
        Optional<float[]> latent)
        implements Trajectory {
    RecordedTrajectory {
        states = List.copyOf(states);
        steps = List.copyOf(steps);
        int actions = steps.size();
        Check.that(states.size() == actions + 1, "states", "one more than the " + actions + " steps", states.size());
        Check.that(
                logProbs.length == actions, "logProbs", "one for each of the " + actions + " steps", logProbs.length);
        int size = states.get(0).length;
        latent.ifPresent(
                clean -> Check.that(clean.length == size, "latent", "as long as the states, " + size, clean.length));
        for (int k = 0; k < actions; k++) {
            Check.that(steps.get(k).isStochastic(), "step " + k, "stochastic", steps.get(k));
            int next = states.get(k + 1).length;
            Check.that(next == size, "state " + (k + 1), "as long as the first, " + size, next);
        }
    }

    @Override
    public String prompt() {
        return sample.prompt();
    }

    @Override
    public int actions() {
        return steps.size();
    }

    @Override
    public float[] state(int k) {
        return states.get(k);
    }

    @Override
    public GaussianStep step(int k) {
        return steps.get(k);
    }

    @Override
    public double logProb(int k) {
        return logProbs[k];
    }
}
