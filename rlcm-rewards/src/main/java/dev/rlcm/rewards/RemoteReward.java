package dev.rlcm.rewards;

import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import java.net.URI;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * A reward that another process computes, in whatever language and on whatever machine: pictures go out as PNG files, scores come
 * back, many pictures in one request. {@code docs/remote-rewards.md} describes the protocol and has servers in Python and Java.
 *
 * <p>Scores are whatever the server says. Failures are treated as {@link ModelServer} says; a request that fails leaves its
 * pictures without scores, and a picture that the answer does not score, or not with a number, is a failure of that picture.
 * Scores carry their picture's id, so that none is ever taken for another's. Thread-safe; owns nothing.
 */
public final class RemoteReward implements RewardFunction {
    private static final int DEFAULT_BATCH = 32;

    private final ModelServer server;
    private final int batch;

    private RemoteReward(ModelServer server, int batch) {
        this.server = Objects.requireNonNull(server, "server");
        this.batch = batch;
        if (batch < 1) {
            throw new IllegalArgumentException("batch must be at least 1, got " + batch);
        }
    }

    /** Without a key, within the default limits, with at most 32 pictures in a request. */
    public static RemoteReward at(URI address) {
        return of(ModelServer.at(address));
    }

    /**
     * With at most 32 pictures in a request.
     *
     * @param server its address is what requests are posted to
     */
    public static RemoteReward of(ModelServer server) {
        return new RemoteReward(server, DEFAULT_BATCH);
    }

    /** With at most so many pictures in a request, at least 1. */
    public RemoteReward withBatch(int value) {
        return new RemoteReward(server, value);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return Score.numbers(attempt(samples, RewardFailure.FAIL));
    }

    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        List<Integer> starts = IntStream.iterate(0, from -> from < samples.size(), from -> from + batch)
                .boxed()
                .toList();
        return ServerCalls.all(
                        server,
                        name(),
                        starts,
                        (from, deadline) -> request(
                                from, samples.subList(from, Math.min(samples.size(), from + batch)), policy, deadline))
                .stream()
                .flatMap(List::stream)
                .toList();
    }

    private List<Score> request(int first, List<Sample> part, RewardFailure policy, Deadline deadline)
            throws InterruptedException {
        ScoreExchange exchange = new ScoreExchange(first, part, name());
        try {
            return exchange.scores(server.post("", exchange.request(), name(), deadline), policy);
        } catch (RewardException e) {
            if (policy == RewardFailure.FAIL) {
                throw e;
            }
            return IntStream.range(0, part.size())
                    .mapToObj(i -> ServerCalls.missing(e.atSample(first + i, part.get(i)), policy))
                    .toList();
        }
    }

    @Override
    public boolean isPaused() {
        return server.isAway();
    }

    @Override
    public String toString() {
        return "RemoteReward[" + server + "]";
    }
}
