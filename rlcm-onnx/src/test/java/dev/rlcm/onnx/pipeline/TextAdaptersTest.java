package dev.rlcm.onnx.pipeline;

import static dev.rlcm.onnx.pipeline.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.lora.AdaptedGraph;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraFormat;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.lora.LoraSite;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.text.PromptTokenizer;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** LoRA files with layers of text encoders, on the tiny Stable Diffusion XL. */
class TextAdaptersTest {
    private static final Path SDXL = Models.FIXTURES.resolve("families/sdxl");
    private static final List<String> PROMPTS = FamilyTest.PROMPTS;
    private static final int RANK = 2;
    private static final double ALPHA = 3;

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

    private LatentConsistencyModel load(PipelineOptions options) throws IOException {
        return LatentConsistencyModel.load(SDXL, backend, options);
    }

    private static TensorData random(Shape shape, String name) {
        float[] draws = RandomStreams.seeded(5).at(name).gaussians((int) shape.size());
        return TensorData.floats(shape, draws);
    }

    private static Graph graph(String encoder) throws IOException {
        OnnxComponent model = OnnxComponent.open(SDXL.resolve(encoder + "/model.onnx"));
        return model.load(Map.of("input_ids", Shape.of(1, 10)));
    }

    /** On queries, a layer of the MLP, and layers of the last block, which gives nothing that the network takes. */
    private static LoraAdapter adapter(String encoder) throws IOException {
        LoraConfig config = LoraConfig.rank(RANK).withAlpha(ALPHA).targeting("q_proj", "mlp.fc1", "layers.2.mlp.fc2");
        List<LoraSite> sites = LoraInjection.sites(graph(encoder), config);
        assertThat(sites).hasSize(7);
        Map<String, TensorData> weights = new LinkedHashMap<>();
        for (LoraSite site : sites) {
            weights.put(site.keyA(), random(Shape.of(RANK, site.in()), encoder + site.keyA()));
            weights.put(site.keyB(), random(Shape.of(site.out(), RANK), encoder + site.keyB()));
        }
        return LoraAdapter.of(config, sites, weights);
    }

    /** As kohya writes it, or diffusers did once. */
    private Path file(boolean isKohya) throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>(
                Safetensors.read(SDXL.resolve("lora.safetensors")).tensors());
        for (String encoder : List.of("text_encoder", "text_encoder_2")) {
            LoraAdapter adapter = adapter(encoder);
            for (LoraSite site : adapter.sites()) {
                String number = encoder.equals("text_encoder") ? "1" : "2";
                String name = isKohya
                        ? "lora_te" + number + "_" + site.path().replace('.', '_')
                        : encoder + "." + site.path();
                tensors.put(
                        name + (isKohya ? ".lora_down.weight" : ".lora_linear_layer.down.weight"),
                        adapter.tensors().get(site.keyA()));
                tensors.put(
                        name + (isKohya ? ".lora_up.weight" : ".lora_linear_layer.up.weight"),
                        adapter.tensors().get(site.keyB()));
                tensors.put(name + ".alpha", TensorData.scalar(DataType.FLOAT32, ALPHA));
            }
        }
        Path file = temp.resolve("lora.safetensors");
        new Safetensors(tensors, Map.of()).write(file);
        return file;
    }

    /** What an encoder gives with an injected adapter, in double precision. */
    private static Map<String, TensorData> injected(ReferenceBackend reference, String encoder, String prompt)
            throws IOException {
        LoraAdapter adapter = adapter(encoder);
        AdaptedGraph adapted = LoraInjection.inject(graph(encoder), adapter);
        Path folder = SDXL.resolve(encoder.replace("text_encoder", "tokenizer"));
        try (PromptTokenizer tokenizer = PromptTokenizer.load(folder, 10)) {
            Map<String, TensorData> inputs = new LinkedHashMap<>(adapter.tensors());
            inputs.put("input_ids", TensorData.longs(Shape.of(1, 10), tokenizer.encode(prompt)));
            return reference.compile(adapted.graph()).run(inputs);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void textEncodersTakeTheirLayers(boolean isKohya) throws IOException {
        Path file = file(isKohya);
        List<Map<String, TensorData>> rows =
                load(FamilyTest.SMALL.withTextAdapter(file)).condition(PROMPTS, 5);
        List<Map<String, TensorData>> plain = load(FamilyTest.SMALL).condition(PROMPTS, 5);
        try (ReferenceBackend reference = new ReferenceBackend()) {
            for (int i = 0; i < PROMPTS.size(); i++) {
                Map<String, TensorData> one = injected(reference, "text_encoder", PROMPTS.get(i));
                Map<String, TensorData> two = injected(reference, "text_encoder_2", PROMPTS.get(i));
                TensorData states = rows.get(i).get("encoder_hidden_states");
                double[] first = one.get("hidden_states.2").toDoubles();
                double[] second = two.get("hidden_states.2").toDoubles();
                TensorData joined = TensorData.generate(
                        DataType.FLOAT32,
                        states.shape(),
                        j -> j % 40 < 16 ? first[j / 40 * 16 + j % 40] : second[j / 40 * 24 + j % 40 - 16]);
                assertClose(states, joined, 1e-4);
                assertClose(
                        rows.get(i).get("text_embeds"), two.get("text_embeds").reshape(Shape.of(20)), 1e-4);
                assertThat(Goldens.relativeL2(plain.get(i).get("encoder_hidden_states"), joined))
                        .isGreaterThan(0.05);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIFFUSERS", "KOHYA_ORIGINAL"})
    void whatIsWrittenIsReadBackBitForBit(LoraFormat format) throws IOException {
        Path file = file(true);
        LatentConsistencyModel model = load(FamilyTest.SMALL.withTextAdapter(file));
        Path written = temp.resolve("written.safetensors");
        model.saveAdapter(model.adapter(file), written, format);
        boolean isKohya = format != LoraFormat.DIFFUSERS;
        assertThat(Safetensors.read(written).tensors().keySet())
                .contains(
                        isKohya
                                ? "lora_te2_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight"
                                : "text_encoder_2.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight",
                        isKohya
                                ? "lora_te1_text_model_encoder_layers_2_mlp_fc2.alpha"
                                : "text_encoder.text_model.encoder.layers.2.mlp.fc2.lora_B.weight");
        LatentConsistencyModel again = load(FamilyTest.SMALL.withTextAdapter(written));
        for (int i = 0; i < PROMPTS.size(); i++) {
            Map<String, TensorData> conditioning = model.condition(PROMPTS, 5).get(i);
            again.condition(PROMPTS, 5).get(i).forEach((name, row) -> assertThat(row.bytes())
                    .as(name)
                    .isEqualTo(conditioning.get(name).bytes()));
        }
        Map<String, TensorData> wanted = model.adapter(file).tensors();
        Map<String, TensorData> factors = again.adapter(written).tensors();
        assertThat(factors).containsOnlyKeys(wanted.keySet());
        factors.forEach((key, factor) -> assertThat(factor.toFloats())
                .as(key)
                .containsExactly(wanted.get(key).toFloats()));
    }

    @Test
    void aMergedModelHasTheLayersOfTextEncodersToo() throws IOException {
        Path file = file(true);
        Path merged = temp.resolve("merged");
        AdapterMerge.write(ModelDirectory.open(SDXL), file, 1, merged);
        LatentConsistencyModel loaded = load(FamilyTest.SMALL.withTextAdapter(file));
        LatentConsistencyModel again = LatentConsistencyModel.load(merged, backend, FamilyTest.SMALL);
        for (int i = 0; i < PROMPTS.size(); i++) {
            Map<String, TensorData> expected = loaded.condition(PROMPTS, 5).get(i);
            again.condition(PROMPTS, 5).get(i).forEach((name, row) -> assertClose(row, expected.get(name), 1e-5));
        }
        assertThatThrownBy(() -> AdapterMerge.write(ModelDirectory.open(SDXL), file, 1, merged))
                .hasMessageContaining("already holds a model");
    }

    @Test
    void aFormatOfOneNetworkIsRefused() throws IOException {
        Path file = file(true);
        LatentConsistencyModel model = load(FamilyTest.SMALL.withTextAdapter(file));
        LoraAdapter adapter = model.adapter(file);
        assertThatThrownBy(() -> model.saveAdapter(adapter, temp.resolve("x.safetensors"), LoraFormat.PEFT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("text_encoder_2", "another format");
    }

    /** Of Stable Diffusion 1.5, which has one text encoder, kohya's files do not number it. */
    @Test
    void aSingleTextEncoderHasNoNumber() throws IOException {
        ModelDirectory directory = ModelDirectory.open(Models.TINY);
        assertThat(directory.family().component(directory.texts().get(0)).kohya())
                .containsExactly("lora_te", "lora_te1");
        ModelDirectory flux = ModelDirectory.open(Models.FIXTURES.resolve("families/flux"));
        assertThat(flux.texts())
                .extracting(text -> flux.family().component(text).kohya().get(0))
                .containsExactly("lora_te1", "lora_te3");
    }

    @Test
    void layersThatTheExportDoesNotHaveAreNamed() throws IOException {
        write("lora_te2_text_model_encoder_layers_0_self_attn_qkv");
        assertThatThrownBy(() -> load(FamilyTest.SMALL.withTextAdapter(temp.resolve("odd.safetensors"))))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("odd.safetensors", "text_encoder_2", "self_attn_qkv", "fused");
        write("lora_te3_encoder_block_0_layer_0_SelfAttention_q");
        assertThatThrownBy(() -> load(FamilyTest.SMALL.withTextAdapter(temp.resolve("odd.safetensors"))))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("lora_te3_encoder", "text encoder", "does not have");
    }

    private void write(String layer) throws IOException {
        TensorData factor = TensorData.zeros(DataType.FLOAT32, Shape.of(2, 2));
        new Safetensors(Map.of(layer + ".lora_down.weight", factor, layer + ".lora_up.weight", factor), Map.of())
                .write(temp.resolve("odd.safetensors"));
    }

    @Test
    void embeddingsMustBeMadeWithTheSameFile() throws IOException {
        Path file = file(true);
        ModelDirectory directory = ModelDirectory.open(SDXL);
        PipelineOptions merging = FamilyTest.SMALL.withTextAdapter(file);
        Path without = temp.resolve("without.safetensors");
        PromptEmbeddings.add(directory, PROMPTS, without, backend);
        assertThatThrownBy(() -> load(FamilyTest.SMALL.withTextAdapter(file).withEmbeddings(without)))
                .hasMessageContainingAll("without.safetensors", "EmbedPrompts --adapter", "lora.safetensors");
        assertThatThrownBy(() -> PromptEmbeddings.add(directory, merging, PROMPTS, without, backend))
                .hasMessageContainingAll("without.safetensors", "adapter");
        Path with = temp.resolve("with.safetensors");
        PromptEmbeddings.add(directory, merging, PROMPTS, with, backend);
        LatentConsistencyModel stored =
                load(FamilyTest.SMALL.withTextAdapter(file).withEmbeddings(with));
        LatentConsistencyModel encoded = load(FamilyTest.SMALL.withTextAdapter(file));
        assertThat(stored.generate(PROMPTS, 1, 5, 3).get(1).pixels())
                .containsExactly(encoded.generate(PROMPTS, 1, 5, 3).get(1).pixels());
        LoraAdapter adapter = stored.adapter(file);
        assertThatThrownBy(() -> stored.saveAdapter(adapter, temp.resolve("x.safetensors"), LoraFormat.DIFFUSERS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("text encoders");
    }
}
