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
import java.util.stream.IntStream;

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
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) e.getCause();
        }
    }

    /** Gives up: chunks that have not begun never will, running ones are interrupted. */
    public void cancel() {
        result.cancel(true);
    }

    void whenDone(Runnable action) {
        var unused = result.whenComplete((ignored, failure) -> action.run());
    }

    /** Splits the batch into parts and hands them to the executor; when one fails the others end too. */
    void start(Executor executor, int mostParts) {
        if (samples.isEmpty()) {
            result.complete(scores);
            return;
        }
        List<FutureTask<?>> tasks = new ArrayList<>();
        for (int[] part : SampleGroups.parts(samples, reward.scope(), mostParts)) {
            tasks.add(new FutureTask<>(() -> evaluate(part), scores));
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
    @SuppressWarnings("CatchingUnchecked")
    private void evaluate(int[] positions) {
        try {
            double[] part =
                    reward.score(IntStream.of(positions).mapToObj(samples::get).toList());
            for (int i = 0; i < part.length; i++) {
                scores[positions[i]] = part[i];
            }
            if (missing.addAndGet(-part.length) == 0) {
                result.complete(scores);
            }
        } catch (RewardException e) {
            result.completeExceptionally(e.at(positions));
        } catch (RuntimeException | Error e) {
            result.completeExceptionally(e);
        }
    }
}
