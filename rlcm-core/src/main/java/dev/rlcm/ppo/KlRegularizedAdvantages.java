package dev.rlcm.ppo;

import dev.rlcm.policy.Rollout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.StatUtils;

/**
 * Advantages of the reward less what it cost to leave the base model: r - coefficient x {@linkplain PathDivergence sum_k KL_k}.
 * Maximising it is entropy-regularised control (Uehara et al., 2024, arXiv:2402.15194), whose optimum is the base
 * model's distribution reweighted by exp(r / coefficient): pictures that the base model would never draw do not pay, however a
 * flawed reward likes them. Fan et al., 2023, arXiv:2305.16381 (DPOK), regularise likewise.
 *
 * <p>The divergence also depends on the policy at the visited states themselves: the whole gradient has {@link
 * PolicyLosses#klToBase} in the loss as well, with the same coefficient. That is exact where log-probabilities are summed over a
 * latent; where they are averaged, the two parts differ by a factor of D.
 *
 * <p>Owns neither the divergence nor the coefficient; its state holds the coefficient's value.
 */
public final class KlRegularizedAdvantages implements AdvantageEstimator {
    private static final String COEFFICIENT = "klCoefficient";
    private static final String INNER = "inner";

    private final PathDivergence divergence;
    private final KlCoefficient coefficient;
    private final AdvantageEstimator inner;
    private double meanDivergence = Double.NaN;

    /** @param inner how advantages come from the regularised rewards */
    public KlRegularizedAdvantages(PathDivergence divergence, KlCoefficient coefficient, AdvantageEstimator inner) {
        this.divergence = divergence;
        this.coefficient = coefficient;
        this.inner = inner;
    }

    /** Penalises with the coefficient as it is, then lets it observe the mean divergence. */
    @Override
    public double[] estimate(Rollout rollout, double[] rewards) {
        RewardStatistics.check(rollout.prompts(), rewards);
        double[] divergences = divergence.of(rollout);
        double[] regularized = new double[rewards.length];
        for (int i = 0; i < rewards.length; i++) {
            if (!Double.isFinite(divergences[i])) {
                throw new IllegalArgumentException("the divergence of trajectory " + i + " (\""
                        + rollout.prompts().get(i) + "\") is " + divergences[i]
                        + ": the policy has diverged; go back to an earlier adapter or lower the learning rate");
            }
            regularized[i] = rewards[i] - coefficient.getAsDouble() * divergences[i];
        }
        double[] advantages = inner.estimate(rollout, regularized);
        meanDivergence = StatUtils.mean(divergences);
        coefficient.observe(meanDivergence);
        return advantages;
    }

    /** @throws UnsupportedOperationException always: the divergence is that of trajectories */
    @Override
    public double[] estimate(List<String> keys, double[] rewards) {
        throw new UnsupportedOperationException("a divergence needs trajectories: call estimate(rollout, rewards)");
    }

    /** The mean over the trajectories of the last estimate; NaN before it. */
    public double meanDivergence() {
        return meanDivergence;
    }

    @Override
    public double zeroStdShare() {
        return inner.zeroStdShare();
    }

    @Override
    public State state() {
        State rest = inner.state();
        Map<String, Object> values = new LinkedHashMap<>();
        values.put(COEFFICIENT, coefficient.getAsDouble());
        values.put(INNER, rest.values());
        return new State(values, rest.tensors());
    }

    @Override
    @SuppressWarnings("unchecked")
    public void restore(State state) {
        if (!(state.values().get(COEFFICIENT) instanceof Number value)
                || !(state.values().get(INNER) instanceof Map<?, ?> rest)) {
            throw new IllegalArgumentException("the state must have " + COEFFICIENT + " and " + INNER + ", got "
                    + state.values().keySet());
        }
        inner.restore(new State((Map<String, Object>) rest, state.tensors()));
        coefficient.restore(value.doubleValue());
    }

    @Override
    public String toString() {
        return "klRegularized(" + coefficient + ", " + inner + ")";
    }
}
