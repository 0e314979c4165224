package dev.rlcm.rewards;

import static dev.rlcm.rewards.RawServer.reply;
import static dev.rlcm.rewards.RawServer.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardException.Kind;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against servers that see, and send, the bytes themselves; sleeping takes no time. */
@Timeout(60)
final class ModelServerTest {
    private static final RequestLimits LIMITS = RequestLimits.defaults().withLongestOutage(Duration.ZERO);
    private static final String OK = reply("200 OK", "{\"a\":1}");

    private final VirtualPacing pacing = new VirtualPacing();
    private final ExecutorService thread = Executors.newCachedThreadPool();
    private RawServer server;

    @BeforeEach
    void listen() throws IOException {
        server = new RawServer();
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        thread.shutdownNow();
    }

    private ModelServer client(RequestLimits limits) {
        return ModelServer.at(server.address("/v1/"))
                .withApiKey("s3cret")
                .withLimits(limits)
                .withPacing(pacing);
    }

    private static String ask(ModelServer client) throws InterruptedException {
        return client.post("ask", StrictJson.object().put("q", 1), "judge", client.deadline());
    }

    private static RewardException failure(ModelServer client) {
        return catchThrowableOfType(RewardException.class, () -> ask(client));
    }

    @Test
    void plainHttpIsVersion11WithoutAnOfferToUpgrade() throws Exception {
        Future<String> request = server.serve((socket, text) -> {
            send(socket, OK);
            return text;
        });
        assertThat(ask(client(LIMITS))).isEqualTo("{\"a\":1}");
        assertThat(request.get())
                .startsWith("post /v1/ask http/1.1\r\n")
                .contains("\r\nauthorization: bearer s3cret\r\n")
                .endsWith("{\"q\":1}")
                .doesNotContain("upgrade", "http2-settings");
    }

    @Test
    void theTimeoutCoversTheHeadersAndTheBody() throws Exception {
        ModelServer client = client(LIMITS.withAttempts(1).withTimeout(Duration.ofMillis(200)));
        Future<Boolean> left = server.serve((socket, request) -> RawServer.isLeft(socket));
        assertThat(failure(client))
                .hasMessageContaining("/v1/ask: no complete answer within 0.2 s")
                .extracting(RewardException::kind)
                .isEqualTo(Kind.TIMED_OUT);
        assertThat(left.get()).isTrue();
        left = server.serve((socket, request) -> {
            send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"choices\":");
            return RawServer.isLeft(socket);
        });
        assertThat(failure(client).kind()).isEqualTo(Kind.TIMED_OUT);
        assertThat(left.get()).isTrue();
    }

    @Test
    void interruptingDropsTheConnection() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        Future<Boolean> left = server.serve((socket, request) -> {
            asked.countDown();
            return RawServer.isLeft(socket);
        });
        Future<String> answer = thread.submit(() -> ask(client(LIMITS)));
        asked.await();
        answer.cancel(true);
        assertThat(left.get()).isTrue();
    }

    @Test
    void endlessAnswersAreCutAndRefused() {
        server.serve((socket, request) -> {
            send(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (true) {
                send(socket, "10\r\n<p>not JSON</p> \r\n");
            }
        });
        RewardException failure = failure(client(LIMITS));
        assertThat(failure).hasMessageContainingAll("more than 1048576 bytes", "<p>not JSON</p>");
        assertThat(failure.kind()).isEqualTo(Kind.TOO_LARGE);
    }

    @Test
    void redirectsAreRefusedWithTheirTarget() {
        server.serveEach(reply("307 Elsewhere\r\nLocation: http://localhost:1/steal", ""));
        RewardException failure = failure(client(LIMITS));
        assertThat(failure).hasMessageContainingAll("http://localhost:1/steal", "not followed");
        assertThat(failure.kind()).isEqualTo(Kind.REDIRECTED);
        assertThat(pacing.pauses).isEmpty();
    }

    @Test
    void failuresThatALaterAttemptMayMendAreTriedAgainAfterPausesThatDouble() throws Exception {
        server.serveEach(reply("500 Oops", ""), "", reply("429 Slowly", ""), OK);
        assertThat(ask(client(LIMITS))).isEqualTo("{\"a\":1}");
        assertThat(pacing.pauses).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(4));
    }

    @Test
    void theLastFailureIsThrownWithItsKind() {
        server.serveEach(reply("500 Oops", "out of memory"), reply("500 Oops", "out of memory again"));
        RewardException failure = failure(client(LIMITS.withAttempts(2)));
        assertThat(failure)
                .hasMessageStartingWith("reward \"judge\": http://localhost:")
                .hasMessageEndingWith("/v1/ask: status 500, out of memory again");
        assertThat(failure.kind()).isEqualTo(Kind.SERVER_FAILED);
        server.serveEach(reply("404 No", "no such model"));
        assertThat(failure(client(LIMITS)).kind()).isEqualTo(Kind.REFUSED);
        server.serveEach("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"half\":");
        assertThat(failure(client(LIMITS.withAttempts(1))).kind()).isEqualTo(Kind.BROKEN_OFF);
    }

    @Test
    void retryAfterIsHonouredInSecondsAndAsADateAndDoesNotUseUpAttempts() throws Exception {
        server.serveEach(
                reply("429 Slowly\r\nRetry-After: 30", ""),
                reply("503 Slowly\r\nRetry-After: Wed, 01 May 2024 12:02:00 GMT", ""),
                reply("429 Slowly\r\nRetry-After: 7", ""),
                OK);
        assertThat(ask(client(LIMITS.withAttempts(1)))).isEqualTo("{\"a\":1}");
        assertThat(pacing.pauses)
                .containsExactly(Duration.ofSeconds(30), Duration.ofSeconds(90), Duration.ofSeconds(7));
    }

    @Test
    void aPauseThatOutlastsTheDeadlineIsNotSlept() {
        server.serveEach(reply("429 Slowly\r\nRetry-After: 3600", "quota"));
        RewardException failure = failure(client(LIMITS.withDeadline(Duration.ofMinutes(10))));
        assertThat(failure.kind()).isEqualTo(Kind.RATE_LIMITED);
        assertThat(failure).hasMessageContaining("quota");
        assertThat(pacing.pauses).isEmpty();
    }

    @Test
    void theDeadlineIsOneForAllRequestsOfACall() throws Exception {
        ModelServer client = client(LIMITS.withDeadline(Duration.ofSeconds(5)));
        Deadline deadline = client.deadline();
        pacing.sleep(Duration.ofSeconds(6));
        assertThatThrownBy(() -> client.post("ask", StrictJson.object(), "judge", deadline))
                .hasMessageContainingAll("the deadline of 5.0 s", "withDeadline");
    }

    /** Down for five looks, then up. */
    @Test
    void aServerThatIsAwayPausesItsCallersUntilItIsBackAndTheDeadlineWaitsWithThem() throws Exception {
        RequestLimits limits = LIMITS.withLongestOutage(Duration.ofHours(1)).withDeadline(Duration.ofSeconds(20));
        CountDownLatch fiveLooks = new CountDownLatch(5 + 3);
        CountDownLatch up = new CountDownLatch(1);
        VirtualPacing waiting = new VirtualPacing() {
            @Override
            public void sleep(Duration pause) throws InterruptedException {
                super.sleep(pause);
                fiveLooks.countDown();
                if (fiveLooks.getCount() == 0) {
                    up.await();
                }
            }
        };
        ModelServer client = client(limits).withPacing(waiting);
        server.serveEach(OK);
        ask(client);
        server.close();
        Deadline deadline = client.deadline();
        Future<String> answer = thread.submit(() -> client.post("", StrictJson.object(), "judge", deadline));
        fiveLooks.await();
        assertThat(client.isAway()).isTrue();
        assertThat(deadline.left()).isEqualTo(Duration.ofSeconds(20 - 7));
        try (RawServer back = new RawServer(server.address("").getPort())) {
            back.serveEach(OK);
            up.countDown();
            assertThat(answer.get()).isEqualTo("{\"a\":1}");
        }
        assertThat(client.isAway()).isFalse();
        assertThat(waiting.pauses.subList(3, 8)).containsOnly(limits.longestPause());
        assertThat(deadline.left()).isEqualTo(Duration.ofSeconds(20 - 7));
    }

    @Test
    void aServerThatStaysAwayFailsItsCallersAndLaterOnesAtOnce() throws Exception {
        ModelServer client =
                client(LIMITS.withLongestOutage(Duration.ofMinutes(1)).withAttempts(1));
        server.serveEach(OK);
        ask(client);
        server.close();
        assertThat(failure(client)).hasMessageContaining("start the server, or correct the address");
        assertThat(pacing.pauses).hasSize(4).containsOnly(LIMITS.longestPause());
        assertThat(client.isAway()).isFalse();
        assertThat(failure(client).kind()).isEqualTo(Kind.UNREACHABLE);
        assertThat(pacing.pauses).hasSize(4);
    }

    @Test
    void anAddressWhereNobodyHasEverListenedIsNotWaitedFor() throws IOException {
        server.close();
        ModelServer client =
                client(LIMITS.withLongestOutage(Duration.ofMinutes(1)).withAttempts(1));
        assertThat(failure(client)).hasMessageContaining("start the server, or correct the address");
        assertThat(pacing.pauses).isEmpty();
    }

    @Test
    void aServerThatIsNotReadyYetIsWaitedFor() throws InterruptedException {
        ModelServer client =
                client(LIMITS.withLongestOutage(Duration.ofMinutes(1)).withAttempts(1));
        server.serveEach(reply("503 Loading", ""), OK);
        assertThat(ask(client)).isEqualTo("{\"a\":1}");
        assertThat(pacing.pauses).containsExactly(LIMITS.longestPause());
    }

    @Test
    void keysAreNeverShownNotEvenWhereTheServerRepeatsThem() {
        for (String status : List.of("401 Who", "400 Bad", "302 There\r\nLocation: http://x/?key=s3cret")) {
            server.serveEach(reply(status, "the key s3cret is wrong"));
            RewardException failure = failure(client(LIMITS));
            assertThat(failure.toString()).doesNotContain("s3cret");
            assertThat(failure).hasMessageContaining("[key]");
        }
        assertThat(client(LIMITS).toString()).doesNotContain("s3cret");
        assertThat(ApiKey.of("s3cret").toString()).doesNotContain("s3cret");
        assertThatThrownBy(() -> ApiKey.of("s3cret\nx")).hasMessageNotContaining("s3cret");
    }

    @Test
    void addressesAreCheckedAndTheirSecretsNotShown() {
        assertThatThrownBy(() -> ModelServer.at(URI.create("localhost:8000")))
                .hasMessageContaining("http://localhost:8000/v1");
        for (String address : List.of("http://me:s3cret@host/v1", "http://host/v1?key=s3cret", "x://me:s3cret@host")) {
            assertThatThrownBy(() -> ModelServer.at(URI.create(address)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageNotContaining("s3cret");
        }
    }

    @Property(tries = 200)
    void pausesDoubleUpToTheLongestAndJitterTakesAtMostHalf(
            @ForAll @IntRange(min = 1, max = 2000) int failures,
            @ForAll @DoubleRange(min = 0, max = 1, maxIncluded = false) double jitter) {
        Duration full = LIMITS.pause(failures, 0);
        assertThat(full).isEqualTo(failures > 4 ? LIMITS.longestPause() : Duration.ofSeconds(1L << (failures - 1)));
        assertThat(LIMITS.pause(failures, jitter)).isBetween(full.dividedBy(2), full);
    }

    @Test
    void limitsAreChecked() {
        assertThatThrownBy(() -> LIMITS.withConcurrency(0)).hasMessage("concurrency must be at least 1, got 0");
        assertThatThrownBy(() -> LIMITS.withAttempts(0)).hasMessage("attempts must be at least 1, got 0");
        assertThatThrownBy(() -> LIMITS.withTimeout(Duration.ZERO)).hasMessage("timeout must be positive, got PT0S");
        assertThatThrownBy(() -> LIMITS.withPauses(Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .hasMessage("longestPause must be at least firstPause PT2S, got PT1S");
        assertThatThrownBy(() -> LIMITS.withLongestOutage(Duration.ofSeconds(-1)))
                .hasMessage("longestOutage must not be negative, got PT-1S");
    }
}
