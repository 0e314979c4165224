package dev.rlcm.ppo;

import dev.rlcm.check.Check;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.Transition;
import java.util.ArrayList;
import java.util.List;

/**
 * How far a policy has gone from its base model along a trajectory: sum_k KL(pi(. | x_k) || pi_base(. | x_k)) over its actions.
 * Both are Gaussians of the same sigma, so each term has the closed form (mu - mu_base)^2 / (2 sigma^2), reduced over the latent as
 * log-probabilities are, and no noise of sampling enters. Two forward passes for every action.
 *
 * <p>The policy's present weights count. Not thread-safe. Compiles a graph, which takes memory until this, or the policy's
 * backend, is closed.
 */
public final class PathDivergence implements AutoCloseable {
    private final RowValues divergences;

    private PathDivergence(RowValues divergences) {
        this.divergences = divergences;
    }

    /**
     * Of that policy from its base model.
     *
     * @param rows how many actions a run of the graph takes, at least 1; changes speed and memory, not the result
     * @throws IllegalStateException if the policy has no base model, see {@link PolicyGraph#withBase}
     */
    public static PathDivergence fromBase(Policy policy, int rows) {
        Check.atLeast(1, "rows", rows);
        return new PathDivergence(
                new RowValues(policy, ClipRange.of(0), rows, terms -> PolicyLosses.klToBase(terms.policy())));
    }

    /** One sum per trajectory, in their order, not negative. */
    public double[] of(Rollout rollout) {
        List<Integer> owners = new ArrayList<>();
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < rollout.size(); i++) {
            for (Transition transition : rollout.transitions(i)) {
                owners.add(i);
                rows.add(new Row(transition, 0, 0)); // A divergence reads neither old log-probability nor advantage.
            }
        }
        double[] values = divergences.numbers(rows);
        double[] sums = new double[rollout.size()];
        for (int i = 0; i < values.length; i++) {
            sums[owners.get(i)] += values[i];
        }
        return sums;
    }

    @Override
    public void close() {
        divergences.close();
    }
}
