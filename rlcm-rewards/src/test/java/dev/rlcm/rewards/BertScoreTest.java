package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.backend.Backend;
import dev.rlcm.io.Npz;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.encoders.BertEncoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Goldens: the package bert_score and float64, see fixtures/bertscore-golden/README.md. */
class BertScoreTest {
    static final Path GOLDEN = Path.of(System.getProperty("rlcm.root"), "fixtures", "bertscore-golden");
    private static final Path BASELINE = GOLDEN.resolve("rescale_baseline.tsv");
    private static final double TOLERANCE = 1e-5;
    private static Backend backend;
    private static BertScore bertScore;
    private static List<String> candidates;
    private static List<String> references;

    @TempDir
    Path directory;

    @BeforeAll
    static void open() throws IOException {
        backend = OrtBackend.cpu(1);
        bertScore = BertScore.load(GOLDEN, backend);
        JsonNode pairs = read("pairs.json").get("pairs");
        candidates = texts(pairs, "candidate");
        references = texts(pairs, "reference");
        assertThat(candidates).hasSize(44);
    }

    @AfterAll
    static void close() {
        bertScore.close();
        backend.close();
    }

    @ParameterizedTest
    @CsvSource({"false, false, plain", "true, false, idf", "false, true, plain_rescaled", "true, true, idf_rescaled"})
    void scoresAreThoseOfTheGoldens(boolean idf, boolean rescaled, String key) throws IOException {
        BertScore score = idf ? bertScore.withIdf(references) : bertScore;
        score = rescaled ? score.withBaseline(BASELINE, 3) : score;
        List<BertScore.Score> scores = score.scores(candidates, references);
        assertScores(scores, golden(key + "_f64"), 0);
        if (!rescaled) {
            assertScores(scores, golden(key + "_package_f32"), 0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void scoresByEveryLayerAreThoseOfTheGoldens(int layer) throws IOException {
        try (BertScore all = BertScore.load(withAllLayers(), backend, layer)) {
            List<BertScore.Score> scores = all.scores(candidates, references);
            assertScores(scores, golden("all_layers_f64"), layer * 44);
        }
    }

    @Test
    void aLayerOfAnExportThatReturnsTheLastOneIsThatOfTheGoldens() throws IOException {
        double[] golden = golden("all_layers_f64");
        try (BertScore second = BertScore.load(GOLDEN, backend, 2)) {
            assertScores(second.scores(candidates, references), golden, 2 * 44);
        }
    }

    @Test
    void theJsonOfThePairsSaysTheSame() throws IOException {
        JsonNode pairs = read("pairs.json").get("pairs");
        BertScore idf = bertScore.withIdf(references);
        for (JsonNode pair : pairs) {
            String candidate = pair.get("candidate").textValue();
            String reference = pair.get("reference").textValue();
            assertScore(bertScore.score(candidate, reference), pair.get("plain"));
            assertScore(idf.score(candidate, reference), pair.get("idf"));
        }
    }

    @Test
    void idfWeightsAreThoseOfTheGoldens() throws IOException {
        List<String> vocabulary = Files.readAllLines(GOLDEN.resolve("vocab.txt"));
        JsonNode golden = read("idf.json");
        try (BertEncoder encoder = BertEncoder.load(GOLDEN, backend)) {
            InverseFrequencies idf = InverseFrequencies.of(
                    references.stream().map(text -> encoder.ids(text.strip())).toList());
            assertThat(idf.documents()).isEqualTo(golden.get("num_docs").intValue());
            Set<String> seen = new HashSet<>();
            for (long id = 0; id < vocabulary.size(); id++) {
                String piece = vocabulary.get((int) id);
                JsonNode expected = golden.get("idf").path(piece);
                seen.add(expected.isMissingNode() ? "" : piece);
                assertThat(idf.of(id))
                        .as(piece)
                        .isCloseTo(expected.asDouble(golden.get("default").doubleValue()), within(1e-12));
            }
            assertThat(seen).hasSize(golden.get("idf").size() + 1);
        }
    }

    @Test
    void theBestOfSeveralReferencesIsThatOfTheGoldens() throws IOException {
        JsonNode cases = read("multi_reference.json");
        assertThat(cases).hasSize(3);
        for (JsonNode entry : cases) {
            String candidate = entry.get("candidate").textValue();
            List<String> several = StreamSupport.stream(entry.get("references").spliterator(), false)
                    .map(JsonNode::textValue)
                    .toList();
            assertScore(bertScore.best(candidate, several), entry);
            for (int i = 0; i < several.size(); i++) {
                JsonNode each = entry.get("per_reference").get(i);
                BertScore.Score score = bertScore.score(candidate, several.get(i));
                assertThat(score.precision()).isCloseTo(each.get(0).doubleValue(), within(TOLERANCE));
                assertThat(score.recall()).isCloseTo(each.get(1).doubleValue(), within(TOLERANCE));
                assertThat(score.f1()).isCloseTo(each.get(2).doubleValue(), within(TOLERANCE));
            }
        }
    }

    @Test
    void textsWithoutTokensScoreZero() throws IOException {
        BertScore.Score zero = new BertScore.Score(0, 0, 0);
        for (String empty : new String[] {"", "  ", "\u00a0\n\u2003\u0085"}) {
            assertThat(bertScore.score(empty, "a cat")).isEqualTo(zero);
            assertThat(bertScore.score("a cat", empty)).isEqualTo(zero);
            assertThat(bertScore.score(empty, empty)).isEqualTo(zero);
            assertThat(bertScore.withBaseline(BASELINE, 3).score(empty, "a cat").recall())
                    .isCloseTo(-0.7019537 / (1 - 0.7019537), within(1e-9));
        }
    }

    @Test
    void whiteSpaceAroundATextDoesNotMatter() {
        assertThat(bertScore.score(" \u00a0a cat\n", "\u2003\u0085the cat\u001c"))
                .isEqualTo(bertScore.score("a cat", "the cat"));
    }

    @Test
    void aTextWhoseTokensAreInAllReferencesWeighsNothing() {
        BertScore idf = bertScore.withIdf(List.of("cat", "cat dog"));
        BertScore.Score score = idf.score("cat", "cat dog");
        assertThat(score.precision()).isZero();
        assertThat(score.recall()).isPositive();
        assertThat(score.f1()).isZero();
    }

    @Test
    void fewerThanTwoReferencesGiveNoIdf() {
        assertThatThrownBy(() -> bertScore.withIdf(List.of("a cat")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least 2 references, got 1");
    }

    @Test
    void wrongNumbersOfReferencesAreRefused() {
        assertThatThrownBy(() -> bertScore.scores(List.of("a", "b"), List.of("a")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected one reference per candidate, got 1 for 2");
        assertThatThrownBy(() -> bertScore.best("a cat", List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no reference");
    }

    @Test
    void anUnknownLayerIsRefused() {
        assertThatThrownBy(() -> BertScore.load(GOLDEN, backend, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has no layer 5: it has 0 to 3");
        assertThatThrownBy(() -> bertScore.withBaseline(BASELINE, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no baseline for layer 5");
    }

    @ParameterizedTest
    @ValueSource(strings = {"3\t0.7\t0.7\t0.7", "3,0.7,0.7", "3,0.7,0.7,x", "3,0.7,0.7,1", "3,NaN,0.7,0.7", ""})
    void aDamagedBaselineIsRefused(String line) throws IOException {
        Path file = directory.resolve("baseline.tsv");
        Files.writeString(file, "LAYER,P,R,F\n" + line + "\n");
        assertThatThrownBy(() -> bertScore.withBaseline(file, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("separated by commas, got \"" + line + "\"");
    }

    @Test
    void aMissingBaselineIsNamedWithTheRemedy() {
        assertThatThrownBy(() -> bertScore.withBaseline(directory.resolve("none.tsv"), 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none.tsv does not exist")
                .hasMessageContaining("rescale_baseline");
    }

    private Path withAllLayers() throws IOException {
        for (String name : new String[] {"config.json", "tokenizer.json", "tokenizer_config.json"}) {
            Files.copy(GOLDEN.resolve(name), directory.resolve(name));
        }
        Files.copy(GOLDEN.resolve("model_all_layers.onnx"), directory.resolve("model.onnx"));
        return directory;
    }

    /** Rows of P, R, F. */
    private static void assertScores(List<BertScore.Score> scores, double[] golden, int firstRow) {
        double worst = 0;
        for (int i = 0; i < scores.size(); i++) {
            BertScore.Score score = scores.get(i);
            int at = 3 * (firstRow + i);
            worst = Math.max(worst, Math.abs(score.precision() - golden[at]));
            worst = Math.max(worst, Math.abs(score.recall() - golden[at + 1]));
            worst = Math.max(worst, Math.abs(score.f1() - golden[at + 2]));
        }
        assertThat(worst).as("largest difference").isLessThan(TOLERANCE);
    }

    private static void assertScore(BertScore.Score score, JsonNode golden) {
        assertThat(score.precision()).isCloseTo(golden.get("precision").doubleValue(), within(TOLERANCE));
        assertThat(score.recall()).isCloseTo(golden.get("recall").doubleValue(), within(TOLERANCE));
        assertThat(score.f1()).isCloseTo(golden.get("f1").doubleValue(), within(TOLERANCE));
    }

    private static double[] golden(String key) throws IOException {
        return Npz.read(GOLDEN.resolve("scores.npz")).get(key).toDoubles();
    }

    private static List<String> texts(JsonNode entries, String key) {
        return StreamSupport.stream(entries.spliterator(), false)
                .map(entry -> entry.get(key).textValue())
                .toList();
    }

    private static JsonNode read(String name) throws IOException {
        return new ObjectMapper().readTree(GOLDEN.resolve(name).toFile());
    }

    @Test
    void aBaselineThatIsNotTextIsNamed() throws IOException {
        Path file = directory.resolve("baseline.bin");
        Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        assertThatThrownBy(() -> BaselineFile.read(file, 1)).hasMessage(file + " is not UTF-8 text; fetch it again");
    }
}
