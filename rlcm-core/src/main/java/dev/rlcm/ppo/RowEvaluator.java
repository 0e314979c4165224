package dev.rlcm.ppo;

import dev.rlcm.policy.Policy;
import java.util.List;
import java.util.function.Consumer;

/**
 * Evaluates the rows of updates with the policy's present parameters: forward and backward passes, which are nearly all of an
 * update's work. {@link #of} is the one that optimisers use; another may have rows evaluated elsewhere, as long as a minibatch
 * gives what this one gives. Used by one thread. Closing it frees what it compiled; it may be used afterwards, and compiles anew.
 */
public interface RowEvaluator extends AutoCloseable {
    /** The most rows of a minibatch. */
    int rows();

    /** Whether gradients need a loss scale, since some of them are computed in FLOAT16. */
    boolean isScaled();

    /** Whether rows need {@link Row#oldMean}. */
    boolean usesOldMeans();

    /**
     * Evaluates minibatches and hands over their results in their order, on the calling thread.
     *
     * @param minibatches of at most {@link #rows} rows, at least one each
     * @param weight of each row in the loss
     * @param lossScale what gradients are multiplied with; 1 unless {@link #isScaled}
     */
    void gradients(List<List<Row>> minibatches, double weight, double lossScale, Consumer<RowGradients> onMinibatch);

    /**
     * The {@link PairLoss#score} of each row.
     *
     * @throws IllegalStateException if the objective is not one of pairs
     */
    double[] scores(List<Row> rows);

    /** The mean of each row's action, flattened. */
    List<float[]> means(List<Row> rows);

    /** Time spent inside backends since this was made, that of all of them together. */
    long networkNanos();

    @Override
    void close();

    /**
     * Evaluates on the policy's backend.
     *
     * @param config whose clip range and minibatch are used
     */
    static RowEvaluator of(Policy policy, PpoConfig config, Objective objective) {
        return new CompiledRows(policy, config, objective);
    }
}
