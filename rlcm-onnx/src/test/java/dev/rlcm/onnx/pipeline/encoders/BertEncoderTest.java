package dev.rlcm.onnx.pipeline.encoders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rlcm.backend.Backend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.LoadOptions;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.Goldens;
import dev.rlcm.onnx.pipeline.Models;
import dev.rlcm.onnx.pipeline.component.Rows;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Goldens: PyTorch in float64, see fixtures/bertscore-golden/README.md. */
class BertEncoderTest {
    private static final Path BERT = Models.FIXTURES.resolve("bertscore-golden");
    private static final String LONG = "a cat ".repeat(25); // 52 tokens, of 64 positions
    private static Backend backend;

    @TempDir
    Path directory;

    @BeforeAll
    static void open() {
        backend = OrtBackend.cpu(1);
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @Test
    void idsAreThoseOfTheGoldens() throws IOException {
        try (BertEncoder encoder = BertEncoder.load(BERT, backend)) {
            JsonNode texts = read("tokens.json");
            assertThat(texts).hasSize(66);
            for (JsonNode text : texts) {
                List<Long> expected = longs(text.get("ids"));
                String stripped = text.get("text").textValue().strip();
                assertThat(encoder.ids(stripped)).as(stripped).isEqualTo(expected);
                assertThat(encoder.encode(stripped).ids()).isEqualTo(expected);
            }
            assertThat(encoder.frame()).containsExactlyInAnyOrder(2L, 3L);
            assertThat(encoder.maxLength()).isEqualTo(64);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "model.onnx, 0",
        "model.onnx, 1",
        "model.onnx, 2",
        "model.onnx, 3",
        "model_all_layers.onnx, 0",
        "model_all_layers.onnx, 1",
        "model_all_layers.onnx, 2",
        "model_all_layers.onnx, 3",
        "model_all_layers.onnx, 4"
    })
    void everyLayerIsThatOfTheGoldensWithOrWithoutAnOutputForIt(String file, int layer) throws IOException {
        try (BertEncoder encoder = BertEncoder.load(model(BERT.resolve(file)), backend, layer)) {
            assertStates(encoder, layer, "bertscore-golden", goldenTexts());
        }
    }

    @ParameterizedTest
    @CsvSource({"model.onnx, 3", "model_all_layers.onnx, 4"})
    void withoutALayerTheLastOneIsTaken(String file, int layer) throws IOException {
        try (BertEncoder encoder = BertEncoder.load(model(BERT.resolve(file)), backend)) {
            assertStates(encoder, layer, "bertscore-golden", goldenTexts());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void layersOfDebertaAreThoseOfTheGoldens(int layer) throws IOException {
        Path deberta = model(Models.FIXTURES.resolve("deberta-golden/model.onnx"));
        try (BertEncoder encoder = BertEncoder.load(deberta, backend, layer)) {
            List<String> texts = List.of("a cat and a dog washing", "the image contains a dog washing the dishes. a");
            assertStates(encoder, layer, "deberta-golden", texts);
        }
    }

    @Test
    void theLengthThatATextIsPaddedToDoesNotMatter() throws IOException {
        Graph fixed = graph(64);
        OnnxModels.save(fixed, directory.resolve("fixed.onnx"));
        try (BertEncoder encoder = BertEncoder.load(BERT, backend);
                BertEncoder at64 = BertEncoder.load(model(directory.resolve("fixed.onnx")), backend)) {
            for (String text : List.of("", "a cat", LONG)) {
                BertEncoder.Tokens tokens = encoder.encode(text);
                assertThat(at64.encode(text).ids()).isEqualTo(tokens.ids());
                Goldens.assertClose(at64.encode(text).states(), tokens.states(), 1e-5);
            }
        }
    }

    @Test
    void textsDoNotDependOnThoseBeforeThemOrBesideThem() throws Exception {
        List<String> texts = List.of("a cat", LONG, "zebra", "", "a cat and a dog", LONG + "dog");
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (BertEncoder encoder = BertEncoder.load(BERT, backend)) {
            Map<String, double[]> alone = new HashMap<>();
            for (String text : texts) {
                alone.put(text, encoder.encode(text).states().toDoubles());
            }
            try (BertEncoder fresh = BertEncoder.load(BERT, backend)) {
                List<Callable<double[]>> tasks = texts.stream()
                        .<Callable<double[]>>map(
                                text -> () -> fresh.encode(text).states().toDoubles())
                        .toList();
                List<Future<double[]>> results = threads.invokeAll(tasks);
                for (int i = 0; i < texts.size(); i++) {
                    assertThat(results.get(i).get()).containsExactly(alone.get(texts.get(i)));
                }
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.onnx", "tokenizer.json"})
    void aMissingFileIsNamedWithTheRemedy(String name) throws IOException {
        Path copy = Models.copy(BERT, directory);
        Files.delete(copy.resolve(name));
        assertThatThrownBy(() -> BertEncoder.load(copy, backend))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(copy + " has no " + name)
                .hasMessageContaining("optimum-cli export onnx");
    }

    @Test
    void withoutAConfigurationTheTableOfPositionsSaysHowLongTextsMayBe() throws IOException {
        Path copy = Models.copy(BERT, directory);
        Files.delete(copy.resolve("config.json"));
        Files.delete(copy.resolve("tokenizer_config.json"));
        ObjectNode json = (ObjectNode) read("tokenizer.json");
        json.putObject("padding").put("pad_id", 0);
        Files.writeString(copy.resolve("tokenizer.json"), json.toString());
        try (BertEncoder encoder = BertEncoder.load(BERT, backend);
                BertEncoder bare = BertEncoder.load(copy, backend);
                InputStream model = Files.newInputStream(BERT.resolve("model.onnx"));
                InputStream tokenizer = Files.newInputStream(copy.resolve("tokenizer.json"));
                BertEncoder streamed = BertEncoder.load(model, tokenizer, backend)) {
            assertThat(bare.maxLength()).isEqualTo(64);
            assertThat(streamed.maxLength()).isEqualTo(64);
            for (String text : List.of("a cat and a dog", LONG + LONG)) {
                double[] states = encoder.encode(text).states().toDoubles();
                assertThat(bare.encode(text).states().toDoubles()).containsExactly(states);
                assertThat(streamed.encode(text).states().toDoubles()).containsExactly(states);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 4, 100})
    void aLayerThatIsNotThereIsRefusedWithThoseThatAre(int layer) {
        assertThatThrownBy(() -> BertEncoder.load(BERT, backend, layer))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("model.onnx has no layer " + layer + ": it has 0 to 3");
    }

    @Test
    void aModelWithOtherInputsIsRefused() throws IOException {
        Path clip = model(Models.FIXTURES.resolve("exports/clip-text/torchscript14.onnx"));
        assertThatThrownBy(() -> BertEncoder.load(clip, backend))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("supported are [input_ids, attention_mask]");
    }

    @Test
    void roBertaHasFewerPlacesThanPositions() throws IOException {
        Path roberta = model(BERT.resolve("model.onnx"));
        Files.writeString(
                roberta.resolve("config.json"),
                "{\"model_type\": \"roberta\", \"pad_token_id\": 1, \"max_position_embeddings\": 50}");
        try (BertEncoder encoder = BertEncoder.load(roberta, backend)) {
            assertThat(encoder.maxLength()).isEqualTo(48);
            assertThat(encoder.encode(LONG).states().shape()).isEqualTo(Shape.of(48, 32));
        }
    }

    @Test
    void aClosedEncoderSaysSo() throws IOException {
        BertEncoder encoder = BertEncoder.load(BERT, backend);
        encoder.close();
        encoder.close();
        assertThatThrownBy(() -> encoder.encode("a cat")).isInstanceOf(IllegalStateException.class);
    }

    /** The texts of a golden batch, each by itself, against its row without the padding. */
    private static void assertStates(BertEncoder encoder, int layer, String goldens, List<String> texts)
            throws IOException {
        TensorData states = Goldens.read(goldens + "/hidden_states.npz").get("hidden_states." + layer + "_f64");
        Shape row = Shape.of(states.shape().dim(1), states.shape().dim(2));
        assertThat(texts).hasSize(states.shape().dim(0));
        for (int i = 0; i < texts.size(); i++) {
            TensorData actual = encoder.encode(texts.get(i)).states();
            TensorData expected = Rows.slice(states, i, i + 1).reshape(row);
            Goldens.assertClose(actual, Rows.slice(expected, 0, actual.shape().dim(0)), 1e-5);
        }
    }

    /** The texts whose ids are the rows of the golden batch. */
    private static List<String> goldenTexts() throws IOException {
        Map<String, TensorData> golden = Goldens.read("bertscore-golden/hidden_states.npz");
        TensorData ids = golden.get("input_ids");
        Map<List<Long>, String> texts = new HashMap<>();
        for (JsonNode text : read("tokens.json")) {
            texts.put(longs(text.get("ids")), text.get("text").textValue());
        }
        int length = ids.shape().dim(1);
        return IntStream.range(0, ids.shape().dim(0))
                .mapToObj(row -> IntStream.range(row * length, (row + 1) * length)
                        .filter(i -> golden.get("attention_mask").getLong(i) == 1)
                        .mapToObj(ids::getLong)
                        .toList())
                .map(texts::get)
                .toList();
    }

    private static Graph graph(int length) throws IOException {
        Path file = BERT.resolve("model.onnx");
        return OnnxModels.load(
                file,
                LoadOptions.defaults()
                        .withInputShapes(OnnxModels.inspect(file).inputs().stream()
                                .collect(Collectors.toMap(input -> input.name(), input -> Shape.of(1, length)))));
    }

    /** A directory with another network. */
    private Path model(Path network) throws IOException {
        Path target = directory.resolve("model");
        Models.copy(BERT, target);
        Files.delete(target.resolve("model.onnx"));
        Files.copy(network, target.resolve("model.onnx"));
        return target;
    }

    private static JsonNode read(String name) throws IOException {
        return new ObjectMapper().readTree(BERT.resolve(name).toFile());
    }

    private static List<Long> longs(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::longValue)
                .toList();
    }
}
