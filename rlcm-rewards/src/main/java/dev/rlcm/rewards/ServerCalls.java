package dev.rlcm.rewards;

import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** Asks a server about several things at a time, on threads that end with the call. */
final class ServerCalls {
    private ServerCalls() {}

    /** One question. */
    @FunctionalInterface
    interface Call<T, R> {
        R ask(T about, Deadline deadline) throws InterruptedException;
    }

    /**
     * All answers, in the order of what was asked about.
     *
     * @param asker the reward's name, for messages
     * @throws RuntimeException the first failure; calls that have not begun never will, those under way are interrupted
     */
    static <T, R> List<R> all(ModelServer server, String asker, List<T> about, Call<? super T, ? extends R> call) {
        if (about.isEmpty()) {
            return List.of();
        }
        Deadline deadline = server.deadline();
        ExecutorService threads = Executors.newFixedThreadPool(
                Math.min(server.limits().concurrency(), about.size()), ServerCalls::daemon);
        try {
            ExecutorCompletionService<R> completed = new ExecutorCompletionService<>(threads);
            List<Future<R>> answers = new ArrayList<>();
            for (T one : about) {
                answers.add(completed.submit(() -> call.ask(one, deadline)));
            }
            for (int i = 0; i < answers.size(); i++) {
                completed.take().get();
            }
            List<R> inOrder = new ArrayList<>();
            for (Future<R> answer : answers) {
                inOrder.add(answer.get());
            }
            return List.copyOf(inOrder);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IllegalStateException("asking " + server + " failed: " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw RewardException.of(RewardException.Kind.INTERRUPTED, asker, "interrupted while asking " + server, e);
        } finally {
            threads.shutdownNow();
        }
    }

    /**
     * A score for each picture by questions of its own; a picture that cannot be scored does not keep the others from it, unless
     * the policy is FAIL.
     */
    static List<Score> scores(
            ModelServer server,
            String asker,
            List<Sample> samples,
            RewardFailure policy,
            Call<? super Sample, Double> call) {
        List<Integer> positions = IntStream.range(0, samples.size()).boxed().toList();
        return all(server, asker, positions, (i, deadline) -> {
            try {
                return new Score.Value(call.ask(samples.get(i), deadline));
            } catch (RewardException e) {
                return missing(e.atSample(i, samples.get(i)), policy);
            }
        });
    }

    /** What a failure makes of a picture; throws it if the policy is FAIL. */
    static Score missing(RewardException reason, RewardFailure policy) {
        if (policy == RewardFailure.FAIL) {
            throw reason;
        }
        return new Score.Missing(reason, policy);
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "rlcm-model-server");
        thread.setDaemon(true);
        return thread;
    }
}
