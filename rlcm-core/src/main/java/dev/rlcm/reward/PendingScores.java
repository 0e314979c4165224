package dev.rlcm.reward;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/** The scores of one batch, being computed by a {@link RewardPool}. Any thread may wait for them. */
public final class PendingScores {
    private final RewardFunction reward;
    private final List<Sample> samples;
    private final double[] scores;
    private final AtomicInteger missing;
    private final CompletableFuture<double[]> result = new CompletableFuture<>();

    PendingScores(RewardFunction reward, List<Sample> samples) {
        this.reward = reward;
        this.samples = samples;
        this.scores = new double[samples.size()];
        this.missing = new AtomicInteger(scores.length);
    }

    /** Whether {@link #await} would return or throw at once. */
    public boolean isDone() {
        return result.isDone();
    }

    /**
     * Waits for the scores.
     *
     * @return one per sample, in the order they were submitted
     * @throws RewardException the first failure; the index it names is that in the submitted list
     * @throws InterruptedException if the waiting thread is interrupted; the evaluation goes on
     * @throws CancellationException if it was cancelled or the pool closed
     */
    public double[] await() throws InterruptedException {
        try {
            return result.get().clone();
        } catch (ExecutionException e) {
            throw PendingScores.<RuntimeException>unchecked(e.getCause());
        }
    }

    /** The same object, whatever it is: a reward of another language may throw what it never declared. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Throwable> E unchecked(Throwable thrown) throws E {
        throw (E) thrown;
    }

    /** Gives up: chunks that have not begun never will, running ones are interrupted. */
    public void cancel() {
        result.cancel(true);
    }

    void whenDone(Runnable action) {
        var unused = result.whenComplete((ignored, failure) -> action.run());
    }

    /** Splits the batch into chunks and hands them to the executor; when one fails the others end too. */
    void start(Executor executor, int chunks) {
        if (samples.isEmpty()) {
            result.complete(scores);
            return;
        }
        List<FutureTask<?>> tasks = new ArrayList<>();
        int count = Math.min(chunks, samples.size());
        for (int i = 0; i < count; i++) {
            int from = (int) ((long) samples.size() * i / count);
            int to = (int) ((long) samples.size() * (i + 1) / count);
            tasks.add(new FutureTask<>(() -> evaluate(from, to), scores));
        }
        var unused = result.whenComplete((ignored, failure) -> {
            if (failure != null) {
                tasks.forEach(task -> task.cancel(true));
            }
        });
        try {
            tasks.forEach(executor::execute);
        } catch (RejectedExecutionException e) {
            cancel();
        }
    }

    /** Fails the batch with whatever the reward throws, errors included, so that nobody waits for ever. */
    private void evaluate(int from, int to) {
        try {
            double[] part = reward.score(samples.subList(from, to));
            System.arraycopy(part, 0, scores, from, part.length);
            if (missing.addAndGet(-part.length) == 0) {
                result.complete(scores);
            }
        } catch (RewardException e) {
            result.completeExceptionally(e.shifted(from));
        } catch (Throwable e) {
            result.completeExceptionally(e);
        }
    }
}
