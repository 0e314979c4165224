package dev.rlcm.optim;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A loss over rows of one kind and its gradients, compiled for a fixed number of rows. An implementation alone knows what a row
 * is and how it is fed: {@link GradientDescent} accumulates, scales, clips and steps whatever the rows are. Not thread-safe.
 * Owned by whoever made it; closing frees what was compiled, and is idempotent.
 *
 * @param <R> a row
 */
public interface BatchLoss<R> extends AutoCloseable {
    /** The most rows in a run. */
    int rows();

    /** Whether gradients need a loss scale, since some of them are computed in FLOAT16; it is 1 if not. */
    boolean isScaled();

    /**
     * Evaluates up to {@link #rows} rows; the results are read by the methods below until the next run.
     *
     * @param weight of each in the loss
     * @param lossScale what gradients are multiplied with
     */
    void run(List<R> batch, double weight, double lossScale);

    /**
     * Evaluates several batches as {@link #run} does, and tells of each in their order, on the calling thread, when its results
     * can be read by the methods below. An implementation may evaluate several at once.
     */
    default void runAll(List<List<R>> batches, double weight, double lossScale, Consumer<List<R>> onBatch) {
        for (List<R> batch : batches) {
            run(batch, weight, lossScale);
            onBatch.accept(batch);
        }
    }

    /** The weighted sum of the rows' losses. */
    double value();

    /** The weighted sums of what the loss reports, by name; always the same names. */
    Map<String, Double> parts();

    /** The gradients of the last run times the loss scale, in the order of the parameters. */
    List<FloatBuffer> gradients();

    /** Time spent inside the backend since this was made, that of all replicas together. */
    long networkNanos();

    @Override
    void close();
}
