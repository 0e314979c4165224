package dev.rlcm.rewards;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
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
 * @param apiKey sent as a bearer token; empty to send none
 * @param timeout of the whole exchange, positive
 */
record JsonPost(URI endpoint, String apiKey, Duration timeout) {
    static final int MAX_ANSWER_BYTES = 1 << 20;

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final int SHOWN = 300;

    /** One for all, since it has threads and connections; made at first use. */
    private static final class Client {
        private static final HttpClient INSTANCE =
                HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT).build();
    }

    /**
     * What came back: a status and a body, or no status and what went wrong.
     *
     * @param retryAfter the header of that name: when the server wants to be asked again, in seconds or as a date
     */
    record Reply(int status, String text, Optional<String> retryAfter) {
        private static final int NONE = 0;

        private static Reply none(String problem) {
            return new Reply(NONE, problem, Optional.empty());
        }

        boolean isSuccess() {
            return status / 100 == 2;
        }

        /** Whether a later attempt may succeed. */
        boolean isTransient() {
            return status == NONE || status == 408 || status == 429 || status / 100 == 5;
        }

        /** The status, if there is one, and the beginning of the text. */
        @Override
        public String toString() {
            return (status == NONE ? "" : "status " + status + ", ") + shortened(text);
        }
    }

    /**
     * Posts once. Failures of the network are replies too.
     *
     * @throws IllegalStateException if a success's answer is longer than {@link #MAX_ANSWER_BYTES}
     * @throws InterruptedException if the thread is interrupted; the connection is then dropped
     */
    Reply send(JsonNode body) throws InterruptedException {
        CompletableFuture<HttpResponse<byte[]>> exchange =
                Client.INSTANCE.sendAsync(request(body), headers -> new BoundedBody(MAX_ANSWER_BYTES));
        try {
            return reply(exchange.get(TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Reply.none("no complete answer within " + timeout.toMillis() / 1000.0 + " s");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ConnectException) {
                return Reply.none("nothing listens there; start the server, or correct the address");
            }
            if (e.getCause() instanceof IOException failure) {
                return Reply.none(failure.toString());
            }
            throw new IllegalStateException("posting to " + endpoint + " failed: " + e.getCause(), e);
        } finally {
            exchange.cancel(true); // drops the connection of an exchange that is still under way
        }
    }

    private HttpRequest request(JsonNode body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(endpoint)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()));
        if ("http".equalsIgnoreCase(endpoint.getScheme())) {
            request.version(HttpClient.Version.HTTP_1_1);
        }
        if (!apiKey.isEmpty()) {
            request.header("Authorization", "Bearer " + apiKey);
        }
        return request.build();
    }

    private Reply reply(HttpResponse<byte[]> response) {
        Reply reply = new Reply(
                response.statusCode(),
                new String(response.body(), StandardCharsets.UTF_8),
                response.headers().firstValue("Retry-After"));
        if (reply.isSuccess() && response.body().length > MAX_ANSWER_BYTES) {
            throw new IllegalStateException(endpoint + " answered with more than " + MAX_ANSWER_BYTES
                    + " bytes, beginning with: " + shortened(reply.text()) + "; correct the address");
        }
        return reply;
    }

    /** The beginning of a text that a server sent, for messages. */
    static String shortened(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
    }

    /** Without the key, which must not get into logs. */
    @Override
    public String toString() {
        return "POST " + endpoint;
    }
}
