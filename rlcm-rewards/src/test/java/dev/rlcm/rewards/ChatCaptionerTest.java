package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.Sample;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a server in this process. */
final class ChatCaptionerTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private record Answer(int status, String body) {
        static Answer of(String caption) {
            return new Answer(200, "{\"choices\":[{\"message\":{\"content\":\"" + caption + "\"}}]}");
        }
    }

    @FunctionalInterface
    private interface Handler {
        Answer answer(JsonNode request) throws Exception;
    }

    private final Queue<String> keys = new ConcurrentLinkedQueue<>();
    private final AtomicInteger asked = new AtomicInteger();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private Handler handler = request -> Answer.of("a cat");
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/chat/completions", this::handle);
        server.setExecutor(threads);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        threads.shutdownNow();
    }

    private void handle(HttpExchange exchange) throws IOException {
        asked.incrementAndGet();
        keys.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
        Answer answer;
        try {
            answer = handler.answer(JSON.readTree(exchange.getRequestBody()));
        } catch (Exception | AssertionError e) {
            answer = new Answer(400, e.toString());
        }
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private ChatCaptioner captioner() {
        URI address = URI.create("http://localhost:" + server.getAddress().getPort() + "/v1");
        RequestLimits limits = RequestLimits.defaults().withLongestOutage(Duration.ZERO);
        return ChatCaptioner.of(ModelServer.at(address).withLimits(limits), "llava");
    }

    /** The picture i is 8 (i + 1) pixels wide. */
    private static List<Sample> samples(int count) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(i -> Sample.of("the secret prompt", 8, 8 * i, new float[3 * 8 * 8 * i]))
                .toList();
    }

    private static int indexOf(JsonNode request) throws IOException {
        String url = request.at("/messages/0/content/1/image_url/url").textValue();
        assertThat(url).startsWith("data:image/jpeg;base64,");
        byte[] jpeg = Base64.getDecoder().decode(url.substring(url.indexOf(',') + 1));
        return ImageIO.read(new ByteArrayInputStream(jpeg)).getWidth() / 8 - 1;
    }

    @Test
    void theQuestionAndThePictureAreSentAndNotThePrompt() {
        Queue<JsonNode> requests = new ConcurrentLinkedQueue<>();
        handler = request -> {
            requests.add(request);
            return Answer.of(" a cat\\n");
        };
        assertThat(captioner().withMaxTokens(20).withApiKey("k").caption(samples(1)))
                .containsExactly("a cat");
        JsonNode request = requests.remove();
        assertThat(request.get("model").textValue()).isEqualTo("llava");
        assertThat(request.get("max_tokens").intValue()).isEqualTo(20);
        assertThat(request.get("temperature").doubleValue()).isZero();
        assertThat(request.at("/messages/0/content/0/text").textValue()).isEqualTo(CaptionAlignment.QUESTION);
        assertThat(request.toString()).doesNotContain("secret");
        assertThat(keys).containsExactly("Bearer k");
    }

    @Test
    @Timeout(60)
    void captionsComeInTheOrderOfThePicturesWhateverTheOrderOfTheAnswers() {
        List<CountDownLatch> done =
                Stream.generate(() -> new CountDownLatch(1)).limit(9).toList();
        handler = request -> {
            int i = indexOf(request);
            if (i % 3 < 2) {
                done.get(i + 1).await(); // the third of three answers first
            }
            done.get(i).countDown();
            return Answer.of("picture " + i);
        };
        assertThat(captioner().withConcurrency(3).caption(samples(9)))
                .isEqualTo(IntStream.range(0, 9).mapToObj(i -> "picture " + i).toList());
        assertThat(keys).containsOnly("null");
    }

    @Test
    @Timeout(60)
    void asManyRequestsAsAllowedAreUnderWayAtOnceAndNoMore() {
        CyclicBarrier three = new CyclicBarrier(3);
        CountDownLatch four = new CountDownLatch(4);
        handler = request -> {
            four.countDown();
            if (indexOf(request) < 3) {
                three.await(); // for ever, were there fewer threads
                boolean more = four.await(100, TimeUnit.MILLISECONDS);
                three.await(); // none answers before all have looked
                assertThat(more).isFalse();
            }
            return Answer.of("a cat");
        };
        assertThat(captioner().withConcurrency(3).caption(samples(6)))
                .hasSize(6)
                .containsOnly("a cat");
    }

    @Test
    void finalFailuresEndTheCallAtOnceAndNameTheRemedy() {
        handler = request -> new Answer(404, "no such model");
        assertThatThrownBy(() -> captioner().caption(samples(1)))
                .isInstanceOf(RewardException.class)
                .hasMessageContainingAll("/v1/chat/completions: status 404, no such model;", "the model's name");
        assertThat(asked).hasValue(1);
        handler = request -> new Answer(401, "");
        assertThatThrownBy(() -> captioner().caption(samples(1))).hasMessageContaining("withApiKey");
    }

    @Test
    void aPictureWhoseRequestFailsDoesNotKeepTheOthersFromBeingDescribed() {
        handler = request -> indexOf(request) == 1 ? new Answer(400, "too large") : Answer.of("a cat");
        List<Caption> captions = captioner().attempt(samples(3));
        assertThat(captions.get(0)).isEqualTo(new Caption.Text("a cat"));
        assertThat(((Caption.Missing) captions.get(1)).reason()).hasMessageContaining("too large");
        assertThat(captions.get(2)).isEqualTo(new Caption.Text("a cat"));
    }

    @Test
    void lastFailuresAreReported() {
        handler = request -> new Answer(500, "out of memory");
        assertThatThrownBy(() -> captioner().withAttempts(1).caption(samples(2)))
                .hasMessageContaining("status 500, out of memory");
        server.stop(0);
        assertThatThrownBy(() -> captioner().withAttempts(1).caption(samples(1)))
                .hasMessageContaining("start the server, or correct the address");
    }

    @Test
    void strangeAnswersAreShown() {
        for (String body : List.of("<html>", "{\"choices\":[]}", "{\"error\":\"x\"}")) {
            handler = request -> new Answer(200, body);
            assertThatThrownBy(() -> captioner().caption(samples(1)))
                    .hasMessageContaining("choices[0].message.content")
                    .hasMessageContaining(body);
        }
    }

    @Test
    void settingsAreCheckedAndKeysAreNotPrinted() {
        assertThat(captioner().withApiKey("hidden").toString()).doesNotContain("hidden");
        assertThatThrownBy(() -> ChatCaptioner.of(URI.create("localhost:8000"), "llava"))
                .hasMessageContaining("http://localhost:8000/v1");
        assertThatThrownBy(() -> captioner().withConcurrency(0)).hasMessage("concurrency must be at least 1, got 0");
        assertThatThrownBy(() -> captioner().withTimeout(Duration.ZERO))
                .hasMessageContaining("timeout must be positive");
    }
}
