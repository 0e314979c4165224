package dev.rlcm.ppo;

import dev.rlcm.check.Check;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.policy.Transition;
import java.util.stream.IntStream;

/** The losses of the field; each maps [B] terms to [B] losses, and is combined with others by {@link PolicyLoss#plus}. */
public final class PolicyLosses {
    private PolicyLosses() {}

    /**
     * PPO's clipped surrogate: -min(r A, clip(r, 1 - below, 1 + above) A), with {@link PpoConfig#clipRange}. Schulman et
     * al., 2017, arXiv:1707.06347, equation 7; Oertell et al., 2024, Algorithm 1. More room above than below lets rare actions
     * grow: Yu et al., 2025, arXiv:2503.14476 (DAPO), section 3.1.
     */
    public static PolicyLoss clipped() {
        return t -> clipped(t, t.ratio());
    }

    private static Value clipped(PolicyTerms t, Value ratio) {
        ClipRange range = t.clipRange();
        Value clipped = ratio.clip(1 - range.below(), 1 + range.above()).mul(t.advantage());
        return ratio.mul(t.advantage()).min(clipped).neg(); // [B]
    }

    /**
     * The clipped surrogate with a ratio that all timesteps share alike: log r' = sigma (log r + (mu - mu_old)^2 / (2 sigma^2)). With
     * x' = mu_old + sigma z that is z (mu - mu_old), whose mean is 0 and whose spread does not depend on the step, while log r has
     * a negative mean and grows as 1 / sigma, so that the last steps alone are clipped. Rows are weighted by 1 / |b|, b being what
     * the step multiplies the network's output with, relative to the trajectory's mean of it: then every step moves the
     * network as far. Wang et al., 2025, arXiv:2510.22319 (GRPO-Guard), equations 8 and 12.
     *
     * <p>The ratio was compared with two published implementations, that of Flow-GRPO's repository and that of verl-omni: it is theirs,
     * with log-probabilities averaged over a latent. They weigh a step by 1 / dt. Under Flow-GRPO's noise, sigma_t^2 = eta^2 t / (1 - t), b is
     * (1 + eta^2 / 2) dt, so that relative weights are the same; under other noises, and in consistency models, which have no dt, 1 / |b| is
     * this library's reading of equation 12. Theirs is not divided by its mean, which scales the loss alone.
     *
     * <p>Reported ratios remain the plain ones. The clip range is of r', and is reached at other changes than that of {@link
     * #clipped()}.
     */
    public static PolicyLoss guarded() {
        return t -> {
            PolicyGraph policy = t.policy();
            Value moved = policy.mean().sub(t.oldMean()).div(policy.spread(policy.sigma()));
            Value divergence = policy.reduce(moved.square()).mul(0.5); // [B]
            Value logRatio = t.logProb().sub(t.oldLogProb()).add(divergence).mul(policy.sigma());
            return clipped(t, logRatio.exp()).mul(t.perRow(Shape.SCALAR, PolicyLosses::evenness));
        };
    }

    static float[] evenness(Transition row) {
        Trajectory trajectory = row.trajectory();
        double mean = IntStream.range(0, trajectory.actions())
                .mapToDouble(k -> 1 / Math.abs(trajectory.step(k).modelCoefficient()))
                .average()
                .orElseThrow();
        double own = 1 / Math.abs(trajectory.step(row.action()).modelCoefficient());
        return new float[] {(float) (own / mean)};
    }

    /**
     * How far the predicted clean latents are from where the trajectory ended: (mu / sqrt(1 - sigma^2) - x0)^2, reduced over the
     * latent as log-probabilities are. It reinforces what makes a consistency model one, that all states of a trajectory lead to
     * the same picture (Song et al., 2023, arXiv:2303.01469, definition 1), which the actions' rewards alone do not ask for; Oertell
     * et al., 2024, section 6, name it as future work. To be added to another loss with a weight. Needs trajectories that hold
     * their final latent.
     *
     * <p>Only for schedules that noise a prediction to sqrt(1 - sigma^2) x0 + sigma z, see {@link #driftFromBase()}.
     */
    public static PolicyLoss consistency() {
        return t -> {
            PolicyGraph policy = t.policy();
            Shape latent = Shape.of(IntStream.range(1, policy.state().rank())
                    .map(axis -> policy.state().dim(axis))
                    .toArray());
            Value end = t.perRow(latent, row -> NoisedLatents.finalLatent(row.trajectory()));
            Value signal = policy.sigma().square().neg().add(1).sqrt(); // [B], what x0 is scaled with
            return policy.reduce(
                    policy.mean().div(policy.spread(signal)).sub(end).square());
        };
    }

    /**
     * The clipped surrogate with a second bound: where A &lt; 0 the objective min(r A, clip(r) A) goes no lower than bound x A, so
     * that an action which the policy has made much more likely since it was sampled does not dominate the gradient. Ye et al.,
     * 2020, arXiv:1912.09729.
     *
     * @param bound c, greater than 1; 3 in the paper
     */
    public static PolicyLoss dualClipped(double bound) {
        Check.that(bound > 1 && Double.isFinite(bound), "bound", "greater than 1 and finite", bound);
        return t -> {
            Value advantage = t.advantage();
            Value floor = advantage.min(advantage.like(0)).mul(bound); // [B], 0 where A is positive: no bound there
            return clipped().of(t).neg().max(floor).neg();
        };
    }

    /**
     * The score-function estimator: -A log pi, which knows nothing of the policy that sampled. Unbiased for the first optimiser
     * step after a rollout only: one inner epoch, all trajectories in one step. Black et al., 2023, arXiv:2305.13301, DDPO-SF,
     * section 4.3.
     */
    public static PolicyLoss scoreFunction() {
        return t -> t.logProb().mul(t.advantage()).neg();
    }

    /** The plain policy gradient with importance weights: -r A. DDPO-IS of Black et al., section 4.3, before clipping. */
    public static PolicyLoss importanceWeighted() {
        return t -> t.ratio().mul(t.advantage()).neg();
    }

    /**
     * Advantage-weighted matching: A e, where e = (x0 - mu)^2 / (2 sigma^2) is the error of denoising, on {@linkplain RowSource#noised
     * noised rows}. The loss of pre-training, weighted by how good the picture is; on transitions it is {@link #scoreFunction} without
     * its constant. Xue et al., 2025, arXiv:2509.25050. Rows with A &lt; 0 push away without bound: use it with {@link #klToBase},
     * or {@link #clipped} in its place, whose ratio is exp(e_old - e).
     */
    public static PolicyLoss advantageWeightedMatching() {
        return t -> t.policy().error(t.policy().mean()).mul(t.advantage());
    }

    /**
     * DiffusionNFT: r e(mu+) + (1 - r) e(mu-), with mu+ = mu_old + beta (mu - mu_old), mu- = mu_old - beta (mu - mu_old), e the error
     * of denoising, and r = 1/2 + A / (2 scale), clipped to [0, 1], the probability that the picture is a good one. Good pictures draw
     * the policy to themselves, bad ones teach what an implicit negative policy, its mirror image in the old one, should denoise to; so
     * the loss is bounded below, unlike {@link #advantageWeightedMatching}, to which its gradient is proportional at the old policy. On
     * {@linkplain RowSource#noised noised rows}. Zheng et al., 2025, arXiv:2509.16117, in terms of x0 in the place of
     * velocities. Their published code also divides each error by its own mean absolute error and the loss by beta, and its old policy
     * is a moving average; here errors are in units of the noise, and the old policy is that of the update's beginning.
     *
     * @param beta positive: how far mu+ and mu- lie from the old policy for a given change; 1 makes mu+ the policy itself
     * @param scale Z, positive: the advantage from which on a picture is good for certain
     */
    public static PolicyLoss diffusionNft(double beta, double scale) {
        Check.positive("beta", beta);
        Check.positive("scale", scale);
        return t -> {
            PolicyGraph policy = t.policy();
            Value change = policy.mean().sub(t.oldMean()).mul(beta);
            Value good = t.advantage().div(2 * scale).add(0.5).clip(0, 1); // [B]
            Value positive = policy.error(t.oldMean().add(change));
            Value negative = policy.error(t.oldMean().sub(change));
            return positive.sub(negative).mul(good).add(negative);
        };
    }

    /**
     * The Kullback-Leibler divergence from the base model, that is the same network with the adapter off: both policies
     * are Gaussians of the same sigma, so it is (mu - mu_base)^2 / (2 sigma^2), reduced over the latent as
     * log-probabilities are. Costs a second forward pass.
     */
    public static PolicyLoss klToBase() {
        return t -> klToBase(t.policy());
    }

    static Value klToBase(PolicyGraph policy) {
        Value z = policy.mean().sub(policy.baseMean()).div(policy.spread(policy.sigma()));
        return policy.reduce(z.square()).mul(0.5);
    }

    /**
     * How far the predicted clean latents are from the base model's, their squared difference reduced over the latent as
     * log-probabilities are: (mu - mu_base)^2 / (1 - sigma^2), since mu = sqrt(1 - sigma^2) x0. Unlike {@link #klToBase} it
     * weighs all steps alike, where the KL divergence hardly minds what the first, noisiest ones predict, which decide what
     * is in the picture. Costs a second forward pass.
     *
     * <p>Only for schedules that noise a prediction to sqrt(1 - sigma^2) x0 + sigma z, as {@link
     * dev.rlcm.mdp.LatentConsistencySchedule} does; meaningless for others.
     */
    public static PolicyLoss driftFromBase() {
        return driftFromBase(1);
    }

    /**
     * The same of what is coarse in the latents: the squared difference of their averages over patches, as {@link
     * #driftFromBase()} reduces it, with P averaging over squares of patch times patch elements: (P mu - P mu_base)^2 / (1 -
     * sigma^2). It holds colours and coarse shapes where they were, while what varies within a patch is free: smoothing
     * costs next to nothing, fading does not.
     *
     * @param patch the side of a patch, a divisor of the latents' height and width; 1 for {@link #driftFromBase()}
     */
    public static PolicyLoss driftFromBase(int patch) {
        Check.atLeast(1, "patch", patch);
        return t -> {
            PolicyGraph policy = t.policy();
            Value difference = patches(policy.mean().sub(policy.baseMean()), patch);
            Value signal = policy.sigma().square().neg().add(1); // [B], the square of what x0 is scaled with
            return policy.reduce(difference.square()).div(signal);
        };
    }

    /** Averages over squares: [B,C,h,w] to [B,C,h/patch,w/patch]. */
    private static Value patches(Value latents, int patch) {
        if (patch == 1) {
            return latents;
        }
        int height = latents.dim(2);
        int width = latents.dim(3);
        if (height % patch != 0 || width % patch != 0) {
            throw new IllegalArgumentException(
                    "latents of " + height + " x " + width + " do not divide into patches of " + patch + " x " + patch);
        }
        return latents.reshape(latents.dim(0), latents.dim(1), height / patch, patch, width / patch, patch)
                .mean(false, 3, 5);
    }
}
