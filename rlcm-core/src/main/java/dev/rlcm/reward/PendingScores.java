package dev.rlcm.reward;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** The scores of one batch, being computed by a {@link RewardPool}. Any thread may wait for them. */
public final class PendingScores {
    private final RewardFunction reward;
    private final List<Sample> samples;
    private final Score[] scores;
    private final AtomicInteger missing;
    private final CompletableFuture<List<Score>> result = new CompletableFuture<>();

    PendingScores(RewardFunction reward, List<Sample> samples) {
        this.reward = reward;
        this.samples = samples;
        this.scores = new Score[samples.size()];
        this.missing = new AtomicInteger(scores.length);
    }

    /** Whether {@link #await} would return or throw at once. */
    public boolean isDone() {
        return result.isDone();
    }

    /**
     * Waits for at most so long.
     *
     * @return {@link #isDone}
     * @throws InterruptedException if the waiting thread is interrupted; the evaluation goes on
     */
    public boolean await(Duration atMost) throws InterruptedException {
        try {
            result.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | CancellationException | TimeoutException e) {
            return isDone(); // the other methods tell how it ended
        }
        return true;
    }

    /**
     * Waits for the scores of a reward that leaves none out.
     *
     * @return one per sample, in the order they were submitted
     * @throws RewardException the first failure, also under a policy that would leave the picture out; the index it names is
     *     that in the submitted list
     * @throws InterruptedException if the waiting thread is interrupted; the evaluation goes on
     * @throws CancellationException if it was cancelled or the pool closed
     */
    public double[] await() throws InterruptedException {
        return Score.numbers(awaitAll());
    }

    /**
     * Waits for the score of every picture, or for the reason why it has none.
     *
     * @return one per sample, in the order they were submitted; some are missing only under a policy that the reward has from
     *     {@link RewardFunction#onFailure}
     * @throws RewardException the first failure under the policy {@link RewardFailure#FAIL}
     * @throws InterruptedException if the waiting thread is interrupted; the evaluation goes on
     * @throws CancellationException if it was cancelled or the pool closed
     */
    public List<Score> awaitAll() throws InterruptedException {
        try {
            return result.get();
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

    /** Splits the batch into parts and hands them to the executor; when one fails the others end too. */
    void start(Executor executor, int mostParts) {
        if (samples.isEmpty()) {
            result.complete(List.of(scores));
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
    private void evaluate(int[] positions) {
        try {
            List<Score> part = reward.attempt(
                    IntStream.of(positions).mapToObj(samples::get).toList(), RewardFailure.FAIL);
            for (int i = 0; i < part.size(); i++) {
                scores[positions[i]] = part.get(i).at(positions);
            }
            if (missing.addAndGet(-part.size()) == 0) {
                result.complete(List.of(scores));
            }
        } catch (RewardException e) {
            result.completeExceptionally(e.at(positions));
        } catch (Throwable e) {
            result.completeExceptionally(e);
        }
    }
}
