package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.OrtBackend;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** BERTScore by a trained network, which a jar on the class path holds without a configuration. */
class MiniLmTest {
    private static Backend backend;
    private static BertScore bertScore;

    @BeforeAll
    static void open() throws IOException {
        backend = OrtBackend.cpu(1);
        bertScore = BertScore.miniLm(backend);
    }

    @AfterAll
    static void close() {
        bertScore.close();
        backend.close();
    }

    @Test
    void textsThatMeanTheSameScoreHigherThanOthers() {
        String prompt = "a dolphin riding a bike";
        double right = bertScore.score("a dolphin on a bicycle", prompt).recall();
        double half = bertScore.score("a dolphin in the water", prompt).recall();
        double wrong = bertScore.score("a bowl of soup", prompt).recall();
        double unrelated = bertScore.score("taxes", prompt).recall();
        assertThat(List.of(right, half, wrong, unrelated)).isSortedAccordingTo((a, b) -> Double.compare(b, a));
        assertThat(right - half).isGreaterThan(0.1);
        assertThat(half - wrong).isGreaterThan(0.1);
        assertThat(bertScore.score(prompt, prompt).f1()).isCloseTo(1, within(1e-6));
    }

    @Test
    void whatIsLongerThanTheTableOfPositionsIsCutOff() {
        String most = "cat ".repeat(510); // with [CLS] and [SEP], 512 tokens
        BertScore.Score whole = bertScore.score(most, "a cat");
        assertThat(bertScore.score(most + "dog ".repeat(100), "a cat")).isEqualTo(whole);
    }

    @Test
    void aResourceThatIsMissingIsNamedWithItsArtifact() {
        assertThatThrownBy(() -> Resources.open("/some.onnx", "some.group:some-artifact:1.0"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no some.onnx; add the dependency some.group:some-artifact:1.0");
    }
}
