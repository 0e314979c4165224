package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardException.Kind;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import dev.rlcm.rewards.ChatJudge.Answers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a server in this process. */
final class ChatJudgeTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Queue<JsonNode> requests = new ConcurrentLinkedQueue<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private Function<JsonNode, String> answers = request -> words("Yes", 0.75, "No", 0.25);
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/chat/completions", exchange -> {
            JsonNode request = JSON.readTree(exchange.getRequestBody());
            requests.add(request);
            String answer = answers.apply(request);
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer.equals("refused") ? 400 : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.setExecutor(threads);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        threads.shutdownNow();
    }

    private ModelServer models() {
        return ModelServer.at(
                        URI.create("http://localhost:" + server.getAddress().getPort() + "/v1"))
                .withLimits(RequestLimits.defaults().withLongestOutage(Duration.ZERO));
    }

    private ChatJudge judge() {
        return ChatJudge.of(models(), "qwen");
    }

    private static List<Sample> samples(String... prompts) {
        return Arrays.stream(prompts)
                .map(prompt -> Sample.of(prompt, 8, 8, new float[3 * 8 * 8]))
                .toList();
    }

    private static String question(JsonNode request) {
        return request.at("/messages/0/content/0/text").textValue();
    }

    private static boolean wantsLogProbs(JsonNode request) {
        return request.path("logprobs").booleanValue();
    }

    private static String text(String answer) {
        return "{\"choices\":[{\"message\":{\"content\":\"" + answer + "\"}}]}";
    }

    /** An answer whose first word has these alternatives: words and probabilities by turns. */
    private static String words(Object... alternatives) {
        String list = "";
        for (int i = 0; i < alternatives.length; i += 2) {
            double logProb = Math.log((double) alternatives[i + 1]);
            list += (i == 0 ? "" : ",")
                    + String.format(Locale.ROOT, "{\"token\":\"%s\",\"logprob\":%.12f}", alternatives[i], logProb);
        }
        return "{\"choices\":[{\"message\":{\"content\":\"" + alternatives[0]
                + "\"},\"logprobs\":{\"content\":[{\"token\":\"\\n\",\"top_logprobs\":[]},{\"token\":\""
                + alternatives[0] + "\",\"top_logprobs\":[" + list + "]}]}}]}";
    }

    private static Kind kind(Score score) {
        return ((Score.Missing) score).reason().kind();
    }

    @Test
    void theScoreIsTheProbabilityOfYesInAllItsSpellings() {
        answers = request -> words("No", 0.5, "Yes", 0.25, " yes", 0.0625, "\u2581YES", 0.03125, "Maybe", 0.1);
        assertThat(judge().score(samples("a cat"))[0]).isCloseTo(0.34375, within(1e-9));
        JsonNode request = requests.remove();
        assertThat(question(request)).isEqualTo("Does this figure show \"a cat\"? Please answer yes or no.");
        assertThat(request.get("model").textValue()).isEqualTo("qwen");
        assertThat(request.get("top_logprobs").intValue()).isEqualTo(20);
        assertThat(request.get("temperature").doubleValue()).isZero();
    }

    @Test
    void whereThereAreNoLogProbabilitiesAGradeIsAskedForAndThatStaysSo() {
        answers = request -> text(wantsLogProbs(request) ? "Yes" : "7/10");
        ChatJudge judge = judge();
        assertThat(judge.score(samples("a cat"))).containsExactly(0.7);
        assertThat(judge.score(samples("a dog"))).containsExactly(0.7);
        assertThat(requests.stream().map(ChatJudgeTest::wantsLogProbs)).containsExactly(true, false, false);
        assertThat(requests.stream().map(ChatJudgeTest::question).toList().get(2))
                .isEqualTo("Does this figure show \"a dog\"? Answer with one number from 0 (not at all) to 10"
                        + " (completely) and nothing else.");
    }

    @Test
    void aServerThatRefusesLogProbabilitiesIsAskedForGrades() {
        answers = request -> wantsLogProbs(request) ? "refused" : text("10");
        assertThat(judge().score(samples("a cat"))).containsExactly(1);
        answers = request -> "refused";
        assertThatThrownBy(() -> judge().score(samples("a cat"))).hasMessageContaining("status 400");
    }

    @Test
    void scoresOfTwoKindsAreNeverMixed() {
        ChatJudge judge = judge();
        assertThat(judge.score(samples("a cat"))).containsExactly(new double[] {0.75}, within(1e-9));
        answers = request -> text("Yes");
        assertThat(kind(judge.attempt(samples("a cat"), RewardFailure.DROP).get(0)))
                .isEqualTo(Kind.MALFORMED);
        assertThatThrownBy(() -> judge().withAnswers(Answers.PROBABILITY).score(samples("a cat")))
                .hasMessageContaining("log-probabilities");
    }

    @Test
    void aRubricIsGradedWithThePromptInItsPlace() {
        answers = request -> text("8.5");
        Sample sample = samples("a {mood} cat").get(0);
        assertThat(ChatJudge.grading(models(), "qwen", "How {mood} is this picture of {prompt}? {unknown}")
                        .score(List.of(
                                sample.withPrompt(Prompt.of(sample.prompt()).with("mood", "$1 funny")))))
                .containsExactly(0.85);
        assertThat(question(requests.remove()))
                .startsWith("How $1 funny is this picture of a {mood} cat? {unknown} Answer with one");
    }

    @Test
    void severalQuestionsAboutAPictureCountByTheirMean() {
        answers = request -> question(request).contains("dog") ? words("Yes", 0.5) : words("No", 0.9);
        double[] scores = judge().withQuestions(ChatJudge::questionPerPart)
                .score(samples("a cat and a red dog, in snow", "a dog"));
        assertThat(scores).containsExactly(new double[] {0.5 / 3, 0.5}, within(1e-9));
        assertThat(requests.stream().map(ChatJudgeTest::question).collect(Collectors.toSet()))
                .contains("Does this figure show \"in snow\"? Please answer yes or no.");
        assertThatThrownBy(() -> judge().withQuestions(sample -> List.of()).score(samples("a cat")))
                .hasMessageContaining("no question");
    }

    @Test
    void aPictureWhoseAnswerIsNoneFailsAlone() {
        answers = request -> question(request).contains("cat")
                ? words("The", 0.9)
                : question(request).contains("fish")
                        ? words("Yes", 0.5).replace("-0.69", "\"x\"-0.69")
                        : words("Yes", 0.5);
        List<Score> scores = judge().attempt(samples("a dog", "a cat", "a cow", "a fish"), RewardFailure.DROP);
        assertThat(((Score.Value) scores.get(0)).value()).isCloseTo(0.5, within(1e-9));
        assertThat(kind(scores.get(1))).isEqualTo(Kind.MALFORMED);
        assertThat(((Score.Missing) scores.get(1)).reason())
                .hasMessageContainingAll("sample 1 (\"a cat\")", "yes or no", "answered: The");
        assertThat(((Score.Value) scores.get(2)).value()).isCloseTo(0.5, within(1e-9));
        assertThat(kind(scores.get(3))).isEqualTo(Kind.MALFORMED);
        assertThatThrownBy(() -> judge().score(samples("a dog", "a cat")))
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("sample 1");
    }

    @Test
    void logProbabilitiesThatAreNoneAreRefused() {
        for (String bad : List.of("0.5", "\"-0.1\"", "NaN", "null", "-1e999")) {
            answers = request -> words("Yes", 0.5).replace("-0.693147180560", bad);
            assertThat(kind(judge().withAnswers(Answers.PROBABILITY)
                            .attempt(samples("a cat"), RewardFailure.DROP)
                            .get(0)))
                    .as(bad)
                    .isEqualTo(Kind.MALFORMED);
        }
    }

    @Test
    void onlyANumberFromZeroToTenIsAGrade() {
        for (String grade : List.of("7", "7.", "7.0", " 7 ", "7/10", "7 / 10", "07")) {
            assertThat(Grade.parse(grade)).as(grade).hasValue(0.7);
        }
        for (String other : List.of("", "11", "-1", "7 of 10", "seven", "7,5", "NaN", "1e1", "7/5", "2 cats, so 3")) {
            assertThat(Grade.parse(other)).as(other).isEmpty();
        }
    }

    @Property(tries = 300)
    void whateverTheAnswerAGradeIsInItsRange(@ForAll String answer) {
        assertThat(Grade.parse(answer).orElse(0)).isBetween(0.0, 1.0);
    }
}
