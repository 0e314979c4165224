package dev.rlcm.rewards;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rlcm.reward.RewardException.Kind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Posts JSON to an HTTP server, once: a deadline covers the whole exchange, from connecting to the last byte of the answer, an
 * answer is bounded in size, and redirects are not followed. On plain http the request is HTTP/1.1 without an offer to upgrade,
 * since servers exist that answer such an offer by dropping the request's body. Thread-safe; owns nothing.
 *
 * @param endpoint where to post
 * @param key sent as a bearer token
 */
record JsonPost(URI endpoint, ApiKey key) {
    static final int MAX_ANSWER_BYTES = 1 << 20;

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final int SHOWN = 300;

    /** One for all, since it has threads and connections; made at first use. */
    private static final class Client {
        private static final HttpClient INSTANCE =
                HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT).build();
    }

    /**
     * What came back.
     *
     * @param failure why this is no answer; empty for an answer
     * @param status of HTTP, 0 if none came
     * @param text the answer, or what went wrong, fit to be shown
     * @param retryAfter the header of that name: when the server wants to be asked again
     */
    record Reply(Optional<Kind> failure, int status, String text, Optional<String> retryAfter) {
        private static Reply none(Kind failure, String problem) {
            return new Reply(Optional.of(failure), 0, problem, Optional.empty());
        }

        /** Whether the server is not there, or says that it is not ready. */
        boolean isAway() {
            return failure.equals(Optional.of(Kind.UNREACHABLE)) || status == 502 || status == 503;
        }

        /** The status, if there is one, and the beginning of the text. */
        @Override
        public String toString() {
            return (status == 0 ? "" : "status " + status + ", ") + shortened(text);
        }
    }

    /**
     * Posts once. Failures are replies too.
     *
     * @param timeout of the whole exchange, positive
     * @throws InterruptedException if the thread is interrupted; the connection is then dropped
     */
    Reply send(JsonNode body, Duration timeout) throws InterruptedException {
        CompletableFuture<HttpResponse<byte[]>> exchange =
                Client.INSTANCE.sendAsync(request(body), headers -> new BoundedBody(MAX_ANSWER_BYTES));
        try {
            return reply(exchange.get(TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Reply.none(Kind.TIMED_OUT, "no complete answer within " + timeout.toMillis() / 1000.0 + " s");
        } catch (ExecutionException e) {
            return failed(e.getCause());
        } finally {
            exchange.cancel(true); // drops the connection of an exchange that is still under way
        }
    }

    private Reply failed(Throwable cause) {
        if (cause instanceof ConnectException || cause instanceof HttpConnectTimeoutException) {
            return Reply.none(Kind.UNREACHABLE, "nothing listens there; start the server, or correct the address");
        }
        if (cause instanceof IOException) {
            return Reply.none(Kind.BROKEN_OFF, "the connection broke: " + key.hiddenIn(cause.toString()));
        }
        if (cause instanceof Error error) {
            throw error;
        }
        throw new IllegalStateException("posting to " + endpoint + " failed: " + key.hiddenIn(cause.toString()), cause);
    }

    private HttpRequest request(JsonNode body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(endpoint)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()));
        if ("http".equalsIgnoreCase(endpoint.getScheme())) {
            request.version(HttpClient.Version.HTTP_1_1);
        }
        key.header().ifPresent(bearer -> request.header("Authorization", bearer));
        return request.build();
    }

    private Reply reply(HttpResponse<byte[]> response) {
        int status = response.statusCode();
        String text = key.hiddenIn(new String(response.body(), StandardCharsets.UTF_8));
        Optional<Kind> failure = failure(status);
        if (failure.isEmpty() && response.body().length > MAX_ANSWER_BYTES) {
            String problem = "the answer has more than " + MAX_ANSWER_BYTES + " bytes, beginning with: "
                    + shortened(text) + "; correct the address";
            return new Reply(Optional.of(Kind.TOO_LARGE), status, problem, Optional.empty());
        }
        if (failure.equals(Optional.of(Kind.REDIRECTED))) {
            String target = response.headers().firstValue("Location").orElse("nowhere");
            return new Reply(
                    failure,
                    status,
                    "it redirects to " + key.hiddenIn(shortened(target))
                            + ", which is not followed; give the final address",
                    Optional.empty());
        }
        return new Reply(failure, status, text, response.headers().firstValue("Retry-After"));
    }

    private static Optional<Kind> failure(int status) {
        if (status / 100 == 2) {
            return Optional.empty();
        }
        return Optional.of(
                switch (status) {
                    case 408 -> Kind.TIMED_OUT;
                    case 429 -> Kind.RATE_LIMITED;
                    default -> status / 100 == 5
                            ? Kind.SERVER_FAILED
                            : status / 100 == 3 ? Kind.REDIRECTED : Kind.REFUSED;
                });
    }

    /** The beginning of a text that a server sent, for messages. */
    static String shortened(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
    }
}
