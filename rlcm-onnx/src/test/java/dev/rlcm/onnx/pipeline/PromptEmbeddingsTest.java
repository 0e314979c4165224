package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.check.CheckSettings;
import dev.rlcm.onnx.pipeline.check.Finding;
import dev.rlcm.onnx.pipeline.check.ModelCheck;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PromptEmbeddingsTest {
    private static final List<String> PROMPTS = FamilyTest.PROMPTS;

    @TempDir
    Path temp;

    private OrtBackend backend;

    @BeforeEach
    void open() {
        backend = OrtBackend.cpu();
    }

    @AfterEach
    void close() {
        backend.close();
    }

    private static Path fixture(String name) {
        return Models.FIXTURES.resolve(name);
    }

    private LatentModel load(Path model, PipelineOptions options) throws IOException {
        ModelDirectory directory = ModelDirectory.open(model);
        return directory.isFlowMatching()
                ? FlowMatchingModel.load(directory, backend, options)
                : LatentConsistencyModel.load(directory, backend, options);
    }

    /** A copy of a model without what makes embeddings. */
    private Path withoutEncoders(Path model) throws IOException {
        Path copy = Models.copy(model, temp.resolve("without"));
        try (Stream<Path> tree = Files.walk(copy)) {
            for (Path file : tree.filter(Files::isRegularFile).toList()) {
                if (copy.relativize(file).toString().matches("(text_encoder|tokenizer).*")) {
                    Files.delete(file);
                }
            }
        }
        return copy;
    }

    private PromptEmbeddings add(Path model, List<String> prompts) throws IOException {
        return PromptEmbeddings.add(ModelDirectory.open(model), prompts, temp.resolve("e.safetensors"), backend);
    }

    private PipelineOptions stored() {
        return FamilyTest.SMALL.withEmbeddings(temp.resolve("e.safetensors"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-lcm", "families/sdxl", "families/sd3", "families/flux", "families/pixart"})
    void samplesAreThoseOfTheEncodersBitForBit(String name) throws IOException {
        Path model = fixture(name);
        add(model, PROMPTS);
        PipelineOptions size = name.equals("tiny-lcm") ? PipelineOptions.defaults() : FamilyTest.SMALL;
        LatentModel withEncoders = load(model, size);
        LatentModel without = load(withoutEncoders(model), size.withEmbeddings(temp.resolve("e.safetensors")));
        List<Map<String, TensorData>> wanted = withEncoders.condition(PROMPTS, 3);
        List<Map<String, TensorData>> got = without.condition(PROMPTS, 3);
        for (int i = 0; i < PROMPTS.size(); i++) {
            assertThat(got.get(i)).containsOnlyKeys(wanted.get(i).keySet());
            for (Map.Entry<String, TensorData> row : wanted.get(i).entrySet()) {
                TensorData actual = got.get(i).get(row.getKey());
                assertThat(actual.shape())
                        .as(row.getKey())
                        .isEqualTo(row.getValue().shape());
                assertThat(actual.bytes())
                        .as(row.getKey())
                        .isEqualTo(row.getValue().bytes());
            }
        }
        List<Sample> pictures = withEncoders.generate(PROMPTS, 2, 3, 7);
        List<Sample> same = without.generate(PROMPTS, 2, 3, 7);
        for (int i = 0; i < PROMPTS.size(); i++) {
            assertThat(same.get(i).pixels()).containsExactly(pictures.get(i).pixels());
        }
    }

    @Test
    void promptsThatTheFileHasAreNotComputedAgain() throws IOException {
        Path model = fixture("families/sd3");
        PromptEmbeddings first = add(model, PROMPTS.subList(0, 1));
        assertThat(first.prompts()).containsExactlyInAnyOrder("", PROMPTS.get(0));
        TextRows before = first.encode(PROMPTS.get(0));
        PromptEmbeddings second = add(model, PROMPTS);
        assertThat(second.prompts()).containsExactlyInAnyOrder("", PROMPTS.get(0), PROMPTS.get(1));
        assertThat(second.encode(PROMPTS.get(0)).states().orElseThrow().bytes())
                .isEqualTo(before.states().orElseThrow().bytes());
        backend.close(); // nothing can be computed from here on
        assertThat(add(model, PROMPTS).prompts()).hasSize(3);
    }

    @Test
    void theCacheIsThatOfTheEncodersContent() throws IOException {
        Path model = Models.copy(fixture("families/pixart"), temp.resolve("model"));
        add(model, PROMPTS);
        Path config = model.resolve("text_encoder/config.json");
        Files.writeString(config, Files.readString(config) + " ");
        assertThatThrownBy(() -> add(model, List.of("a house")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("e.safetensors", "text encoders", model.toString());
    }

    @Test
    void aMissingPromptIsNamedWithTheCommandThatAddsIt() throws IOException {
        Path model = fixture("families/sdxl");
        PromptEmbeddings embeddings = add(model, PROMPTS);
        LatentModel loaded = load(model, stored());
        assertThatThrownBy(() -> loaded.generate(List.of("a green sky"), 1, 1, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("\"a green sky\"", "EmbedPrompts --model", "e.safetensors");
        assertThatThrownBy(() -> embeddings.require(List.of("a fox", PROMPTS.get(0), "two foxes")))
                .hasMessageContainingAll("\"a fox\" and 1 more");
    }

    @Test
    void embeddingsOfAnotherModelAreRefused() throws IOException {
        add(fixture("families/flux"), PROMPTS);
        assertThatThrownBy(() -> load(fixture("families/sd3"), stored()))
                .hasMessageContainingAll("FLUX.1", "Stable Diffusion 3", "e.safetensors");
        write(Map.of("prompt_embeds.0", TensorData.zeros(DataType.FLOAT32, Shape.of(10, 8))), "a");
        assertThatThrownBy(() -> load(fixture("tiny-lcm"), stored())).hasMessageContainingAll("width 8");
        assertThatThrownBy(() -> load(fixture("families/sdxl"), stored())).hasMessageContaining("pooled_prompt_embeds");
        assertThatThrownBy(() -> load(fixture("families/pixart"), stored()))
                .hasMessageContaining("prompt_attention_mask");
    }

    /** With a batch axis, in half precision, with integers for the mask. */
    @Test
    void filesOfOtherToolsAreRead() throws IOException {
        Path model = fixture("families/pixart");
        PromptEmbeddings own = add(model, PROMPTS);
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        for (int i = 0; i < PROMPTS.size(); i++) {
            TextRows rows = own.encode(PROMPTS.get(i));
            TensorData states = rows.states().orElseThrow();
            tensors.put(
                    "prompt_embeds." + i,
                    states.cast(DataType.FLOAT16)
                            .reshape(Shape.of(
                                    1, states.shape().dim(0), states.shape().dim(1))));
            tensors.put("prompt_attention_mask." + i, rows.mask().cast(DataType.INT64));
        }
        write(tensors, PROMPTS.toArray(String[]::new));
        LatentModel loaded = load(withoutEncoders(model), stored());
        TextRows rows = loaded.texts.encode(PROMPTS.get(1));
        TextRows wanted = own.encode(PROMPTS.get(1));
        assertThat(rows.mask().toFloats()).containsExactly(wanted.mask().toFloats());
        Goldens.assertClose(rows.states().orElseThrow(), wanted.states().orElseThrow(), 1e-3);
    }

    @Test
    void damagedFilesAreRefused() throws IOException {
        TensorData states = TensorData.zeros(DataType.FLOAT32, Shape.of(3, 4));
        TensorData longer = TensorData.zeros(DataType.FLOAT32, Shape.of(5, 4));
        assertRefused(Map.of("prompt_embeds.0", states), "has no prompts");
        assertRefused(Map.of("prompt_embeds.1", states), "has no tensor prompt_embeds.0", "a");
        assertRefused(Map.of("prompt_embeds.0", states, "prompt_embeds.1", longer), "different shapes", "a", "b");
        assertRefused(Map.of("prompt_embeds.0", states, "prompt_embeds.1", states), "twice", "a", "a");
        assertRefused(
                Map.of("prompt_embeds.0", states, "prompt_attention_mask.0", longer.reshape(Shape.of(20))),
                "as many tokens",
                "a");
        write(Map.of("prompt_embeds.0", TensorData.floats(Shape.of(1, 2), 1, Float.NaN)), "a");
        PromptEmbeddings notFinite = PromptEmbeddings.read(temp.resolve("e.safetensors"));
        assertThatThrownBy(() -> notFinite.encode("a")).hasMessageContainingAll("prompt_embeds.0", "not finite");
    }

    private void assertRefused(Map<String, TensorData> tensors, String message, String... prompts) throws IOException {
        write(tensors, prompts);
        assertThatThrownBy(() -> PromptEmbeddings.read(temp.resolve("e.safetensors")))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("e.safetensors", message);
    }

    private void write(Map<String, TensorData> tensors, String... prompts) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        for (int i = 0; i < prompts.length; i++) {
            metadata.put("prompt." + i, prompts[i]);
        }
        new Safetensors(tensors, metadata).write(temp.resolve("e.safetensors"));
    }

    @Test
    void withoutThemAMissingEncoderIsNamed() throws IOException {
        Path model = withoutEncoders(Models.TINY);
        assertThatThrownBy(() -> load(model, FamilyTest.SMALL))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(model + " has no text_encoder/model.onnx");
    }

    @Test
    void theCheckTakesThemInPlaceOfTheEncoders() throws IOException {
        Path full = fixture("families/sd3");
        add(full, PROMPTS);
        Path model = withoutEncoders(full);
        CheckSettings settings = CheckSettings.defaults().withSteps(4).withSize(16, 16);
        assertThat(ModelCheck.of(model, settings)).anyMatch(PromptEmbeddingsTest::isError);
        CheckSettings withFile = settings.withEmbeddings(temp.resolve("e.safetensors"));
        assertThat(ModelCheck.of(model, withFile))
                .noneMatch(PromptEmbeddingsTest::isError)
                .anyMatch(finding -> finding.toString().contains("training with minibatches"));
    }

    private static boolean isError(Finding finding) {
        return finding.severity() == Finding.Severity.ERROR;
    }
}
