package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npz;
import dev.rlcm.io.Safetensors;
import dev.rlcm.onnx.LoadOptions;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Goldens: a tiny CLIP in PyTorch, float64, see fixtures/clip-golden/README.md and fixtures/aesthetic/README.md. */
class ClipRewardsTest {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");
    private static final Path GOLDEN = FIXTURES.resolve("clip-golden");

    @TempDir
    static Path folder;

    private static OrtBackend backend;
    private static ClipImageEncoder images;
    private static ClipTextEncoder texts;
    private static Map<String, TensorData> golden;
    private static final List<String> PROMPTS = new ArrayList<>();
    private static final List<Path> PICTURES = new ArrayList<>();

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu();
        copyModel(folder);
        images = ClipImageEncoder.load(folder, backend);
        texts = ClipTextEncoder.load(folder, backend);
        golden = Npz.read(GOLDEN.resolve("scores.npz"));
        JsonNode index =
                new ObjectMapper().readTree(GOLDEN.resolve("index.json").toFile());
        index.get("texts").forEach(text -> PROMPTS.add(text.asText()));
        index.get("images")
                .forEach(image -> PICTURES.add(
                        GOLDEN.resolve("expected_128").resolve(image.get("file").asText())));
    }

    /** The small CLIP of the goldens, as an export has its files. */
    static void copyModel(Path directory) throws IOException {
        for (String file : List.of("vision_model.onnx", "text_model.onnx", "preprocessor_config.json")) {
            Files.copy(GOLDEN.resolve(file), directory.resolve(file));
        }
        copyTokenizer(directory);
    }

    private static void copyTokenizer(Path directory) throws IOException {
        Path to = Files.createDirectories(directory.resolve("tokenizer"));
        try (var files = Files.list(FIXTURES.resolve("tiny-lcm/tokenizer"))) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @Test
    void scoresAreThoseOfThePapers() throws IOException {
        TensorData clip = golden.get("clipscore_w2.5_f64");
        TensorData pick = golden.get("pickscore_f64");
        ClipScore clipScore = new ClipScore(images, texts);
        PickScore pickScore = new PickScore(images, texts, 100);
        for (int text = 0; text < PROMPTS.size(); text++) {
            double[] clipScores = clipScore.score(samples(PROMPTS.get(text)));
            double[] pickScores = pickScore.score(samples(PROMPTS.get(text)));
            assertThat(clipScores).hasSize(12);
            for (int i = 0; i < 12; i++) {
                assertThat(clipScores[i]).isCloseTo(clip.getDouble(i * 8 + text), within(1e-5));
                assertThat(pickScores[i]).isCloseTo(pick.getDouble(text * 12 + i), within(1e-3));
            }
        }
    }

    @Test
    void embeddingsHaveUnitLengthAndGoldenDirections() throws IOException {
        TensorData expected = golden.get("image_embeds_f64");
        List<double[]> embeddings = images.embed(samples(""));
        for (int i = 0; i < 12; i++) {
            double[] row = new double[24];
            for (int j = 0; j < 24; j++) {
                row[j] = expected.getDouble(i * 24 + j);
            }
            double length = Math.sqrt(Cosines.dot(row, row));
            assertThat(Cosines.dot(embeddings.get(i), embeddings.get(i))).isCloseTo(1, within(1e-12));
            assertThat(Cosines.dot(embeddings.get(i), row) / length).isCloseTo(1, within(1e-10));
        }
    }

    @Test
    void aestheticScoresAreThoseOfTheHead() throws IOException {
        TensorData expected = golden.get("aesthetic_score_f64");
        RewardFunction reward = AestheticScore.load(images, GOLDEN.resolve("aesthetic_mlp.safetensors"));
        double[] scores = reward.score(samples("any prompt"));
        for (int i = 0; i < 12; i++) {
            assertThat(scores[i]).isCloseTo(expected.getDouble(i), within(1e-5));
        }
    }

    @Test
    void realsTakeTheRouteOfEitherReference() throws IOException {
        Map<String, TensorData> route = Npz.read(GOLDEN.resolve("float_route.npz"));
        ClipImageEncoder truncating = images.withProcessor(images.processor().truncating());
        Path head = GOLDEN.resolve("aesthetic_mlp.safetensors");
        float[] pixels = route.get("images_nchw").toFloats();
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            int size = pixels.length / 2;
            samples.add(Sample.of("", 112, 120, Arrays.copyOfRange(pixels, i * size, (i + 1) * size)));
        }
        double[] ddpo = AestheticScore.load(images, head).score(samples);
        double[] rlcm = AestheticScore.load(truncating, head).score(samples);
        for (int i = 0; i < 2; i++) {
            assertThat(ddpo[i])
                    .isCloseTo(route.get("images_ddpo_aesthetic_score_f64").getDouble(i), within(1e-5));
            assertThat(rlcm[i])
                    .isCloseTo(route.get("images_rlcm_aesthetic_score_f64").getDouble(i), within(1e-5));
            assertThat(ddpo[i]).isNotCloseTo(rlcm[i], within(1e-5));
        }
    }

    @Test
    void theHeadOfThePapersComesAlong() throws IOException {
        Map<String, TensorData> laion = Npz.read(FIXTURES.resolve("aesthetic/golden.npz"));
        AffineHead head = AestheticScore.laionHead();
        for (int i = 0; i < 16; i++) {
            double[] embedding = new double[768];
            for (int j = 0; j < 768; j++) {
                embedding[j] = laion.get("image_embeds").getDouble(i * 768 + j);
            }
            assertThat(head.apply(embedding))
                    .isCloseTo(laion.get("aesthetic_score_f64").getDouble(i), within(1e-6));
        }
    }

    @Test
    void bothTowersMayLieInOneFile() throws IOException {
        Path together = Files.createDirectories(folder.resolve("together"));
        Files.copy(GOLDEN.resolve("preprocessor_config.json"), together.resolve("preprocessor_config.json"));
        copyTokenizer(together);
        Graph vision = OnnxModels.load(
                GOLDEN.resolve("vision_model.onnx"),
                LoadOptions.defaults().withInputShapes(Map.of("pixel_values", Shape.of(1, 3, 128, 128))));
        Graph text = OnnxModels.load(
                GOLDEN.resolve("text_model.onnx"),
                LoadOptions.defaults()
                        .withInputShapes(Map.of("input_ids", Shape.of(1, 77), "attention_mask", Shape.of(1, 77))));
        Map<String, Value> outputs = new LinkedHashMap<>(vision.outputs());
        outputs.putAll(text.outputs());
        OnnxModels.save(Graph.of(outputs), together.resolve("model.onnx"));
        Sample sample = samples(PROMPTS.get(1)).get(0);
        double expected = new ClipScore(images, texts).score(List.of(sample))[0];
        assertThat(ClipScore.load(together, backend).score(List.of(sample))[0]).isCloseTo(expected, within(1e-6));
    }

    @Test
    void nothingGivesNothing() {
        assertThat(new ClipScore(images, texts).score(List.of())).isEmpty();
    }

    @Test
    void whatIsMissingIsNamed() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        assertThatThrownBy(() -> ClipScore.load(empty, backend))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("vision_model.onnx")
                .hasMessageContaining("optimum-cli");
        Files.copy(GOLDEN.resolve("vision_model.onnx"), empty.resolve("vision_model.onnx"));
        assertThatThrownBy(() -> ClipImageEncoder.load(empty, backend))
                .hasMessageContaining("preprocessor_config.json is missing");
        Files.copy(GOLDEN.resolve("aesthetic_mlp.onnx"), empty.resolve("text_model.onnx"));
        assertThatThrownBy(() -> ClipTextEncoder.load(empty, backend))
                .hasMessageContaining("text_model.onnx has the inputs [image_embeds]");
    }

    @Test
    void headsThatDoNotFitAreNamed() throws IOException {
        Path head = folder.resolve("head.safetensors");
        assertThatThrownBy(() -> AestheticScore.laion(images).score(samples("")))
                .hasMessageContaining("768")
                .hasMessageContaining("24");
        Safetensors.of(Map.of("weight", TensorData.zeros(DataType.FLOAT32, Shape.of(1, 24))))
                .write(head);
        assertThatThrownBy(() -> AestheticScore.load(images, head)).hasMessageContaining("no layers.N.weight");
        Map<String, TensorData> layers = Map.of(
                "layers.0.weight", TensorData.zeros(DataType.FLOAT32, Shape.of(3, 24)),
                "layers.0.bias", TensorData.zeros(DataType.FLOAT32, Shape.of(3)));
        Safetensors.of(layers).write(head);
        assertThatThrownBy(() -> AestheticScore.load(images, head))
                .hasMessageContaining("layer 0")
                .hasMessageContaining("[3,24]");
    }

    private static List<Sample> samples(String prompt) throws IOException {
        List<Sample> samples = new ArrayList<>();
        for (Path picture : PICTURES) {
            var image = ImageIO.read(picture.toFile());
            float[] pixels = new float[3 * 128 * 128];
            for (int i = 0; i < 128 * 128; i++) {
                int rgb = image.getRGB(i % 128, i / 128);
                for (int channel = 0; channel < 3; channel++) {
                    pixels[channel * 128 * 128 + i] = (rgb >> 16 - 8 * channel & 0xff) / 255f;
                }
            }
            samples.add(Sample.of(prompt, 128, 128, pixels));
        }
        return samples;
    }
}
