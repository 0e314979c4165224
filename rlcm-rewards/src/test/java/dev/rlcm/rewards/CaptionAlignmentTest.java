package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.RewardPool;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Goldens: the reward of DDPO's and RLCM's code, see fixtures/bertscore-golden/README.md. */
class CaptionAlignmentTest {
    private static Backend backend;
    private static BertScore bertScore;
    private static JsonNode cases;

    @BeforeAll
    static void open() throws IOException {
        backend = OrtBackend.cpu(1);
        bertScore = BertScore.load(BertScoreTest.GOLDEN, backend);
        cases = new ObjectMapper()
                .readTree(BertScoreTest.GOLDEN.resolve("reward_cases.json").toFile());
        assertThat(cases).hasSize(16);
    }

    @AfterAll
    static void close() {
        bertScore.close();
        backend.close();
    }

    @Test
    void rewardsAreThoseOfTheReference() {
        CaptionAlignment recall = new CaptionAlignment(CaptionAlignmentTest::answers, bertScore);
        assertRewards(recall, "reward");
        assertRewards(recall.withMeasure(BertScore.Score::precision), "precision");
        assertRewards(recall.withMeasure(BertScore.Score::f1), "f1");
        for (JsonNode entry : cases) {
            assertThat(recall.reference().apply(entry.get("prompt").textValue()))
                    .isEqualTo(entry.get("reference").textValue());
        }
    }

    @Test
    void anotherReferenceIsComparedWith() {
        CaptionAlignment bare =
                new CaptionAlignment(samples -> List.of("a cat"), bertScore).withReference(prompt -> prompt);
        assertThat(bare.score(List.of(sample("a cat", 0)))[0]).isCloseTo(1, within(1e-9));
        assertThat(bare.score(List.of(sample("The image contains a cat", 0)))[0])
                .isLessThan(0.99);
    }

    @Test
    void aPoolOfThreadsScoresAsOneDoes() throws Exception {
        CaptionAlignment reward = new CaptionAlignment(CaptionAlignmentTest::answers, bertScore);
        double[] direct = reward.score(samples());
        try (RewardPool pool = RewardPool.of(reward, 4)) {
            assertThat(pool.submit(samples()).await()).containsExactly(direct);
        }
    }

    @Test
    void theCaptionerSeesTheBatchOnceAndNoEmptyOne() {
        List<List<Sample>> seen = new ArrayList<>();
        CaptionAlignment reward = new CaptionAlignment(
                samples -> {
                    seen.add(samples);
                    return answers(samples);
                },
                bertScore);
        assertThat(reward.score(List.of())).isEmpty();
        List<Sample> samples = samples();
        reward.score(samples);
        assertThat(seen).containsExactly(samples);
    }

    @Test
    void anEmptyCaptionScoresZero() {
        CaptionAlignment reward = new CaptionAlignment(samples -> List.of(" "), bertScore);
        assertThat(reward.score(List.of(sample("a cat", 0)))).containsExactly(0);
    }

    @Test
    void aPictureWithoutCaptionDoesNotKeepTheOthersFromBeingScored() {
        RewardException reason = RewardException.of(RewardException.Kind.TIMED_OUT, "captioner", "no answer");
        Captioner captioner = new Captioner() {
            @Override
            public List<String> caption(List<Sample> samples) {
                throw reason;
            }

            @Override
            public List<Caption> attempt(List<Sample> samples) {
                return List.of(new Caption.Text("a cat"), new Caption.Missing(reason), new Caption.Text("a dog"));
            }
        };
        List<Sample> samples = Stream.of("a dog", "a cow", "a dog")
                .map(prompt -> Sample.of(prompt, 1, 1, new float[3]))
                .toList();
        CaptionAlignment reward = new CaptionAlignment(captioner, bertScore);
        double[] both = new CaptionAlignment(pictures -> List.of("a cat", "a dog"), bertScore)
                .score(List.of(samples.get(0), samples.get(2)));
        List<Score> scores = reward.attempt(samples, RewardFailure.DROP);
        assertThat(scores.get(0)).isEqualTo(new Score.Value(both[0]));
        assertThat(((Score.Missing) scores.get(1)).reason())
                .hasMessage("reward \"captioner\", sample 1 (\"a cow\"): no answer");
        assertThat(scores.get(2)).isEqualTo(new Score.Value(both[1]));
        assertThatThrownBy(() -> reward.attempt(samples, RewardFailure.FAIL)).isSameAs(reason);
    }

    @Test
    void theWrongNumberOfCaptionsIsRefused() {
        List<Sample> two = List.of(sample("a cat", 0), sample("a dog", 1));
        assertThatThrownBy(() -> new CaptionAlignment(samples -> List.of("a cat"), bertScore).score(two))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("returned 1 captions for 2 pictures");
        assertThatThrownBy(() -> new CaptionAlignment(samples -> null, bertScore).score(two))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("returned null for 2 pictures");
        assertThatThrownBy(() -> new CaptionAlignment(samples -> Arrays.asList("a cat", null), bertScore).score(two))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("returned null for picture 1 (\"a dog\")");
        assertThatThrownBy(() -> new CaptionAlignment(samples -> List.of(), bertScore)
                        .checked()
                        .score(two))
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("CaptionAlignment")
                .hasMessageContaining("0 captions");
    }

    @Test
    void picturesAreSentInTheQualityOfTheReference() throws IOException {
        Sample sample = sample("a cat", 3);
        byte[] file = CaptionAlignment.jpeg(sample);
        double kilobytes = new JpegIncompressibility(80).score(List.of(sample))[0];
        assertThat(file.length / 1000.0).isEqualTo(kilobytes);
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(file));
        assertThat(image.getWidth()).isEqualTo(16);
        assertThat(image.getHeight()).isEqualTo(8);
    }

    private static void assertRewards(CaptionAlignment reward, String key) {
        double[] scores = reward.score(samples());
        assertThat(scores).hasSize(cases.size());
        for (int i = 0; i < scores.length; i++) {
            assertThat(scores[i]).isCloseTo(cases.get(i).get(key).doubleValue(), within(1e-5));
        }
    }

    private static List<Sample> samples() {
        return IntStream.range(0, cases.size())
                .mapToObj(i -> sample(cases.get(i).get("prompt").textValue(), i))
                .toList();
    }

    /** A grey picture whose level says which case it is. */
    private static Sample sample(String prompt, int level) {
        float[] pixels = new float[3 * 8 * 16];
        Arrays.fill(pixels, level / 255f);
        return Sample.of(prompt, 8, 16, pixels);
    }

    /** Looks at the pictures only. */
    private static List<String> answers(List<Sample> samples) {
        return samples.stream()
                .map(sample -> Math.round(sample.pixels()[0] * 255))
                .map(level -> cases.get(level).get("answer").textValue())
                .toList();
    }
}
