package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.OrtBackend;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

class BertScorePropertyTest {
    private static Backend backend;
    private static BertScore bertScore;

    @BeforeContainer
    static void open() throws IOException {
        backend = OrtBackend.cpu(1);
        bertScore = BertScore.load(BertScoreTest.GOLDEN, backend);
    }

    @AfterContainer
    static void close() {
        bertScore.close();
        backend.close();
    }

    @Property(tries = 100)
    void precisionOneWayIsRecallTheOther(@ForAll("texts") String a, @ForAll("texts") String b) {
        BertScore.Score there = bertScore.score(a, b);
        BertScore.Score back = bertScore.score(b, a);
        assertThat(there.precision()).isEqualTo(back.recall());
        assertThat(there.recall()).isEqualTo(back.precision());
        assertThat(there.f1()).isEqualTo(back.f1());
    }

    @Property(tries = 100)
    void f1LiesBetweenPrecisionAndRecall(@ForAll("texts") String a, @ForAll("texts") String b) {
        BertScore.Score score = bertScore.score(a, b);
        assertThat(score.precision()).isBetween(0.0, 1 + 1e-9);
        assertThat(score.recall()).isBetween(0.0, 1 + 1e-9);
        assertThat(score.f1())
                .isBetween(
                        Math.min(score.precision(), score.recall()) - 1e-9,
                        Math.max(score.precision(), score.recall()) + 1e-9);
    }

    @Property(tries = 50)
    void aTextIsLikeItselfMost(@ForAll("texts") String a, @ForAll("texts") String b) {
        assertThat(bertScore.score(a, a).f1()).isCloseTo(1, within(1e-9));
        assertThat(bertScore.score(a, b).f1()).isLessThanOrEqualTo(1 + 1e-9);
    }

    @Property(tries = 20)
    void neighboursAndOrderDoNotMatter(@ForAll @Size(min = 2, max = 6) List<@From("texts") String> texts) {
        List<String> references = new ArrayList<>(texts);
        Collections.rotate(references, 1);
        List<BertScore.Score> together = bertScore.scores(texts, references);
        for (int i = texts.size() - 1; i >= 0; i--) {
            assertThat(together.get(i)).isEqualTo(bertScore.score(texts.get(i), references.get(i)));
        }
    }

    @Property(tries = 50)
    void aBaselineStretchesDifferences(
            @ForAll("texts") String a, @ForAll("texts") String b, @ForAll("texts") String reference)
            throws IOException {
        BertScore rescaled = bertScore.withBaseline(BertScoreTest.GOLDEN.resolve("rescale_baseline.tsv"), 3);
        double plain = bertScore.score(a, reference).recall()
                - bertScore.score(b, reference).recall();
        double stretched = rescaled.score(a, reference).recall()
                - rescaled.score(b, reference).recall();
        assertThat(stretched).isCloseTo(plain / (1 - 0.7019537), within(1e-9));
    }

    /** Sentences of 1 to 40 words, with and without known pieces, up to the limit of 64 tokens and beyond. */
    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.of(
                        "a", "cat", "dogs", "washing", "the", "dishes", "kangaroo", "3.14", "[MASK]", "\u732b", "tench")
                .list()
                .ofMinSize(1)
                .ofMaxSize(40)
                .map(words -> String.join(" ", words));
    }
}
