package dev.rlcm.policy;

import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One episode of the sampling MDP: states x_0 to x_K, the Gaussian actions between them with their
 * log-probabilities under the policy that sampled them, and the picture that is rewarded. The picture is decoded from x_K
 * if the schedule's last step draws noise and is the one that is decoded. Latent consistency models decode a latent that is not
 * among the states. x_0 is noise, or what the schedule's deterministic steps before the first action made of it. Immutable. Latents are float32 throughout, since rounding them would bias the probability ratio.
 */
public interface Trajectory {
    String prompt();

    /** What the denoiser is conditioned on: one row for each conditioning input, FLOAT32, without the batch axis. */
    Map<String, TensorData> conditioning();

    /** The number K of stochastic actions, those of the schedule. */
    int actions();

    /** The state before action k in [0, K), or after the last one for k = K; [C,h,w] in row-major order. Do not modify. */
    float[] state(int k);

    /** How action k is drawn: state(k+1) ~ N(a state(k) + b m(c state(k), t), sigma^2). */
    GaussianStep step(int k);

    /** log pi_old(state(k+1) | state(k)), reduced over the latent as the policy's plan says. */
    double logProb(int k);

    /** The final picture. */
    Sample sample();

    /** The latent that the picture was decoded from, [C,h,w]; empty if a host's trajectory does not hold it. Do not modify. */
    default Optional<float[]> latent() {
        return Optional.empty();
    }

    /**
     * A trajectory that a host has sampled, or recorded elsewhere.
     *
     * @param conditioning shared, not copied, as the other arrays are: nobody changes them afterwards
     * @param states [K + 1], x_0 to x_K
     * @param steps [K], how each action was drawn; all stochastic
     * @param logProbs [K], of each action under the policy that sampled it
     * @param sample its prompt is the trajectory's
     * @throws IllegalArgumentException if their numbers or the sizes of the states differ, or a step is deterministic
     */
    static Trajectory of(
            Map<String, TensorData> conditioning,
            List<float[]> states,
            List<GaussianStep> steps,
            double[] logProbs,
            Sample sample) {
        return new RecordedTrajectory(conditioning, states, steps, logProbs, sample, Optional.empty());
    }

    /**
     * The same with the latent that the picture was decoded from, which forward-process algorithms learn from; these need no steps.
     *
     * @param latent as long as the states
     */
    static Trajectory of(
            Map<String, TensorData> conditioning,
            List<float[]> states,
            List<GaussianStep> steps,
            double[] logProbs,
            Sample sample,
            float[] latent) {
        return new RecordedTrajectory(conditioning, states, steps, logProbs, sample, Optional.of(latent));
    }
}
