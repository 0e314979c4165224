package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.rlcm.examples.run.ScoreHandler;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import dev.rlcm.rewards.JpegCompressibility;
import dev.rlcm.rewards.ModelServer;
import dev.rlcm.rewards.RemoteReward;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The two sides of the protocol together. */
@Timeout(60)
class ScoreServerTest {
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private HttpServer server;

    @AfterEach
    void stop() {
        server.stop(0);
        threads.shutdownNow();
    }

    private URI serve(RewardFunction reward, String key) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/score", new ScoreHandler(reward, key));
        server.setExecutor(threads);
        server.start();
        return URI.create("http://localhost:" + server.getAddress().getPort() + "/score");
    }

    private static List<Sample> samples(int count) {
        Random random = new Random(1);
        return IntStream.range(0, count)
                .mapToObj(i -> {
                    float[] pixels = new float[3 * 9 * (8 + i)];
                    for (int j = 0; j < pixels.length; j++) {
                        pixels[j] = 1.2f * random.nextFloat() - 0.1f;
                    }
                    return Sample.of("a cat \"" + i + "\" \u00e4\n", 9, 8 + i, pixels);
                })
                .toList();
    }

    @Test
    void aRewardInAnotherProcessScoresAsHere() throws IOException {
        RewardFunction reward = new JpegCompressibility();
        List<Sample> samples = samples(23);
        RemoteReward remote = RemoteReward.of(ModelServer.at(serve(reward, "")));
        assertThat(remote.withBatch(5).score(samples)).containsExactly(reward.score(samples));
        assertThat(remote.score(List.of())).isEmpty();
    }

    @Test
    void promptsAndTheirMetadataReachTheServersReward() throws IOException {
        Sample sample = samples(1).get(0);
        RewardFunction reward = RewardFunction.each(seen -> seen.prompt().equals(sample.prompt())
                ? ((Number) seen.metadata().get("count")).intValue()
                : -1);
        RemoteReward remote = RemoteReward.at(serve(reward, ""));
        assertThat(remote.score(
                        List.of(sample.withPrompt(Prompt.of(sample.prompt()).with("count", 3)))))
                .containsExactly(3);
    }

    @Test
    void aPictureThatTheServersRewardCannotScoreFailsAlone() throws IOException {
        RewardFunction reward = RewardFunction.each(sample -> {
                    if (sample.width() == 9) {
                        throw new IllegalStateException("too narrow");
                    }
                    return sample.width();
                })
                .named("width");
        List<Score> scores = RemoteReward.at(serve(reward, "")).attempt(samples(3), RewardFailure.NEUTRAL);
        assertThat(scores.get(0)).isEqualTo(new Score.Value(8));
        assertThat(scores.get(2)).isEqualTo(new Score.Value(10));
        RewardException reason = ((Score.Missing) scores.get(1)).reason();
        assertThat(reason.kind()).isEqualTo(RewardException.Kind.REFUSED);
        assertThat(reason.sampleIndex()).hasValue(1);
        assertThat(reason).hasMessageContaining("too narrow");
    }

    @Test
    void aKeyIsAskedForAndNotRepeated() throws IOException {
        URI address = serve(new JpegCompressibility(), "s3cret");
        ModelServer known = ModelServer.at(address).withApiKey("s3cret");
        assertThat(RemoteReward.of(known).score(samples(1))).hasSize(1);
        assertThatThrownBy(() -> RemoteReward.of(known.withApiKey("wr0ng")).score(samples(1)))
                .isInstanceOf(RewardException.class)
                .hasMessageContainingAll("status 401", "the key is missing or wrong", "withApiKey")
                .hasMessageNotContainingAny("wr0ng", "s3cret");
    }

    @Test
    void whatIsNotOfTheProtocolIsRefusedWithASentence() throws IOException {
        URI address = serve(new JpegCompressibility(), "");
        assertThat(post(address, "{\"version\":1,")).contains("no JSON");
        assertThat(post(address, "{\"version\":2,\"pictures\":[]}")).contains("a request has \\\"version\\\": 1");
        assertThat(post(address, "{\"version\":1,\"pictures\":[{\"id\":1}]}")).contains("\\\"id\\\", a text");
        assertThat(post(address, "{\"version\":1,\"pictures\":[{\"id\":\"a\",\"prompt\":\"\",\"png\":\"AAAA\"}]}"))
                .startsWith("{\"version\":1,\"scores\":[{\"id\":\"a\",\"error\":");
    }

    private static String post(URI address, String body) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
        connection.setDoOutput(true);
        connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
        try (var in = connection.getResponseCode() == 200 ? connection.getInputStream() : connection.getErrorStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
