package dev.rlcm.parallel;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.Closing;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * One of a kind for every replica of a backend, each with buffers of its own, and the way to let them work at once. Used by
 * one thread; owns what was made for it.
 *
 * @param <T> what works for one replica
 */
public final class Replicas<T extends Replicas.Replica> implements AutoCloseable {
    private final List<T> all;

    private Replicas(List<T> all) {
        this.all = List.copyOf(all);
    }

    /** What works on one replica of a backend. */
    public interface Replica extends AutoCloseable {
        /** Frees what it took of the backend. Idempotent. */
        @Override
        void close();
    }

    /**
     * Makes one for each of {@link Backend#replicas}. If that fails for one, those made before are closed.
     *
     * @param maker compiles what is needed
     */
    public static <T extends Replica> Replicas<T> of(Backend backend, Function<Backend, T> maker) {
        List<T> made = new ArrayList<>();
        try {
            backend.replicas().forEach(replica -> made.add(maker.apply(replica)));
        } catch (RuntimeException e) {
            made.forEach(Replica::close);
            throw e;
        }
        return new Replicas<>(made);
    }

    /** In the order of the backend's replicas; at least one. */
    public List<T> all() {
        return all;
    }

    /**
     * A part of some work.
     *
     * @param <T> what works for one replica
     * @param <R> the result; it may live in the buffers of the replica
     */
    @FunctionalInterface
    public interface Part<T, R> {
        /**
         * Does one part of the work.
         *
         * @param index of the part
         */
        R compute(T replica, int index);
    }

    /**
     * Computes parts 0 to count - 1 and takes their results in this order, on the calling thread. With several replicas, R of
     * them, part i is computed by replica i mod R on a thread of its own, which begins its next part when the result of the one
     * before has been taken. With one, everything runs on the calling thread.
     *
     * <p>If a part fails, or taking its result does, what is running comes to its end, nothing else begins, and the failure of the
     * first part in the order is thrown. No thread outlives the call, which does not end early if the caller is interrupted.
     *
     * @throws BackendException if a backend fails; names the replica where there are several
     */
    public <R> void inOrder(int count, Part<? super T, ? extends R> part, Consumer<? super R> taker) {
        int used = Math.min(count, all.size());
        if (all.size() == 1 || used == 0) {
            for (int i = 0; i < count; i++) {
                taker.accept(part.compute(all.get(0), i));
            }
            return;
        }
        List<ExecutorService> threads = new ArrayList<>();
        List<Future<? extends R>> pending = new ArrayList<>();
        try {
            for (int i = 0; i < used; i++) {
                int index = i;
                threads.add(Executors.newSingleThreadExecutor(task -> new ReplicaThread(task, index)));
                pending.add(threads.get(i).submit(() -> part.compute(all.get(index), index)));
            }
            for (int i = 0; i < count; i++) {
                int replica = i % used;
                taker.accept(result(pending.get(replica), replica));
                int next = i + used;
                if (next < count) {
                    pending.set(replica, threads.get(replica).submit(() -> part.compute(all.get(replica), next)));
                }
            }
        } finally {
            threads.forEach(ExecutorService::shutdown);
            threads.forEach(Replicas::awaitEnd);
        }
    }

    private <R> R result(Future<R> future, int replica) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw failure(e.getCause(), replica);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private RuntimeException failure(Throwable cause, int replica) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException e && !(e instanceof BackendException)
                ? e
                : new BackendException(
                        "replica " + (replica + 1) + " of " + all.size() + " failed: " + cause.getMessage(), cause);
    }

    private static void awaitEnd(ExecutorService thread) {
        boolean interrupted = false;
        while (true) {
            try {
                if (thread.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS)) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        Closing.all(all.stream().<Runnable>map(replica -> replica::close).toList());
    }
}
