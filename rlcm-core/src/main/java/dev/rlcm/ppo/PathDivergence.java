package dev.rlcm.ppo;

import dev.rlcm.backend.Executable;
import dev.rlcm.check.Check;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.Transition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How far a policy has gone from its base model along a trajectory: sum_k KL(pi(. | x_k) || pi_base(. | x_k)) over its actions.
 * Both are Gaussians of the same sigma, so each term has the closed form (mu - mu_base)^2 / (2 sigma^2), reduced over the latent as
 * log-probabilities are, and no noise of sampling enters. Two forward passes for every action.
 *
 * <p>The policy's present weights count. Not thread-safe. Compiles a graph, which takes memory until this, or the policy's
 * backend, is closed.
 */
public final class PathDivergence implements AutoCloseable {
    private static final String KL = "kl";

    private final Executable executable;
    private final PolicyGraph.Batch batch;
    private final int rows;

    private PathDivergence(Policy policy, int rows) {
        PolicyGraph graph = policy.graph(rows);
        Graph program = Lowering.of(policy.backend().memoryPolicy())
                .forward(Graph.of(KL, PolicyLosses.klToBase(graph)));
        this.rows = rows;
        this.executable = policy.backend().compile(program);
        this.batch = graph.newBatch(program, policy.parameters());
    }

    /**
     * Of that policy from its base model.
     *
     * @param rows how many actions a run of the graph takes, at least 1; changes speed and memory, not the result
     * @throws IllegalStateException if the policy has no base model, see {@link PolicyGraph#withBase}
     */
    public static PathDivergence fromBase(Policy policy, int rows) {
        Check.atLeast(1, "rows", rows);
        return new PathDivergence(policy, rows);
    }

    /** One sum per trajectory, in their order, not negative. */
    public double[] of(Rollout rollout) {
        List<Integer> owners = new ArrayList<>();
        List<Transition> transitions = new ArrayList<>();
        for (int i = 0; i < rollout.size(); i++) {
            for (Transition transition : rollout.transitions(i)) {
                owners.add(i);
                transitions.add(transition);
            }
        }
        double[] sums = new double[rollout.size()];
        for (int from = 0; from < transitions.size(); from += rows) {
            int used = Math.min(rows, transitions.size() - from);
            for (int row = 0; row < rows; row++) {
                batch.set(row, transitions.get(from + (row < used ? row : 0)));
            }
            Map<String, TensorData> result = executable.run(batch.inputs());
            for (int row = 0; row < used; row++) {
                sums[owners.get(from + row)] += result.get(KL).getDouble(row);
            }
        }
        return sums;
    }

    @Override
    public void close() {
        executable.close();
    }
}
