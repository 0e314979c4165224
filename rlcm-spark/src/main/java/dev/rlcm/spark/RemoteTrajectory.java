package dev.rlcm.spark;

import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.reward.Sample;
import java.util.Map;

/**
 * What the driver knows of a trajectory whose latents are on an executor.
 *
 * @param rollout that it is part of
 * @param summary what the executor told
 * @param schedule whose stochastic steps are its actions
 * @param sample the picture that came with the summary
 */
record RemoteTrajectory(ClusterRollout rollout, StoredTrajectory.Summary summary, Schedule schedule, Sample sample)
        implements Trajectory {
    int index() {
        return summary.index();
    }

    @Override
    public String prompt() {
        return sample.prompt();
    }

    @Override
    public Map<String, TensorData> conditioning() {
        throw elsewhere("conditioning");
    }

    @Override
    public int actions() {
        return summary.logProbs().length;
    }

    @Override
    public float[] state(int k) {
        throw elsewhere("latents");
    }

    @Override
    public GaussianStep step(int k) {
        return schedule.steps().get(k);
    }

    @Override
    public double logProb(int k) {
        return summary.logProbs()[k];
    }

    private UnsupportedOperationException elsewhere(String what) {
        return new UnsupportedOperationException("the " + what + " of trajectory " + index()
                + " are on an executor; on a cluster, train by objectives on transitions or pairs of trajectories");
    }
}
