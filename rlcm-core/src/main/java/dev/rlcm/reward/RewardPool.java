package dev.rlcm.reward;

import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Evaluates a reward on daemon threads of its own while the caller samples the next batch. A batch is split into as
 * many chunks of nearly equal size as there are threads, as far as the reward's {@linkplain RewardFunction#scope scope}
 * allows; a pool of one thread hands over whole batches, one at a time, which is right for rewards that are not
 * thread-safe.
 *
 * <p>Threads: any thread may submit. Ownership: whoever opens a pool closes it; the reward stays the caller's, and may
 * be closed once {@link #close} has returned.
 */
public final class RewardPool implements AutoCloseable {
    private static final AtomicInteger POOLS = new AtomicInteger();

    private final RewardFunction reward;
    private final int threads;
    private final ExecutorService executor;
    private final Set<PendingScores> pending = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private RewardPool(RewardFunction reward, int threads) {
        this.reward = reward.checked();
        this.threads = threads;
        this.executor = Executors.newFixedThreadPool(threads, daemons());
    }

    /**
     * Opens a pool.
     *
     * @param reward its contract is enforced, see {@link RewardFunction#checked}
     * @throws IllegalArgumentException if there is not at least one thread
     */
    public static RewardPool of(RewardFunction reward, int threads) {
        Objects.requireNonNull(reward, "reward");
        if (threads < 1) {
            throw new IllegalArgumentException("a reward pool needs at least 1 thread, got " + threads);
        }
        return new RewardPool(reward, threads);
    }

    /**
     * Begins to score the samples and returns at once; batches are begun in the order of submission.
     *
     * @throws IllegalStateException if the pool is closed
     */
    public PendingScores submit(List<Sample> samples) {
        return submit(reward, samples);
    }

    /**
     * Begins to score a rollout whose pictures arrive in batches. Each component of a {@link RewardMix} is scored as
     * soon as the samples that its scope keeps together are there, whatever the batches.
     *
     * @param prompts one for each sample that will be added
     */
    public RolloutScores rollout(List<String> prompts) {
        return new RolloutScores(this, reward, prompts);
    }

    PendingScores submit(RewardFunction part, List<Sample> samples) {
        PendingScores scores = new PendingScores(part, List.copyOf(samples));
        pending.add(scores);
        scores.whenDone(() -> pending.remove(scores));
        if (closed) {
            scores.cancel();
            throw new IllegalStateException("this reward pool is closed; open a new one");
        }
        scores.start(executor, threads);
        return scores;
    }

    /**
     * Cancels what is still pending (waiters get a {@link java.util.concurrent.CancellationException}), interrupts the
     * threads and waits until the reward is no longer being called. Idempotent. If the caller is interrupted meanwhile,
     * it returns early with the interrupt flag set.
     */
    @Override
    public void close() {
        closed = true;
        pending.forEach(PendingScores::cancel); // first, so that a reward cut short cannot pass for a finished one
        executor.shutdownNow();
        try {
            executor.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static ThreadFactory daemons() {
        int pool = POOLS.incrementAndGet();
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, "rlcm-reward-" + pool + "-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }
}
