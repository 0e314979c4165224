package dev.rlcm.onnx.pipeline;

import static dev.rlcm.onnx.pipeline.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.ModelDirectory.LatentSize;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One network in all the forms in which exporters write it: every form gives PyTorch's values. */
class ModelVariantsTest {
    private static final LatentSize SIZE = new LatentSize(16, 16);
    private static final Shape STATES = Shape.of(77, 32);
    private static final TextShape TEXT = new TextShape(77, 32, 0);

    private static Backend backend;
    private static Map<String, TensorData> inputs;
    private static TensorData expected;

    @TempDir
    Path temp;

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu();
        inputs = new TreeMap<>(Goldens.read("tiny-lcm-golden/inputs.npz"));
        inputs.remove("upstream_gradient");
        inputs.put("timestep", Rows.convert(inputs.get("timestep"), DataType.FLOAT32));
        expected = Goldens.read("tiny-lcm-golden/outputs.npz").get("base_f64");
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @ParameterizedTest
    @CsvSource({"unet, true", "unet, false", "unet_opset17, true", "unet_opset17, false"})
    void everyOpsetAndBothFormsGiveTheGoldens(String unet, boolean raised) throws IOException {
        assertClose(run(model(Models.TINY.resolve(unet)), raised), expected, 1e-4);
    }

    @ParameterizedTest
    @EnumSource
    void everyKindOfTimestepIsOneForEachRow(TimestepVariant variant) throws IOException {
        Path model = model(Models.TINY.resolve("unet_opset17"));
        variant.apply(model.resolve("unet/model.onnx"));
        assertClose(run(model, true), expected, 1e-4);
    }

    @Test
    void halfPrecisionHasTheSameInterface() throws IOException {
        assertClose(run(model(Models.TINY.resolve("unet_fp16")), true), expected, 3e-2);
    }

    @Test
    void aUnetWithoutGuidanceEmbeddingIsConditionedOnTextOnly() throws IOException {
        Path directory = model(Models.FIXTURES.resolve("tiny-ldm/unet"));
        LatentConsistencyModel model = LatentConsistencyModel.load(directory, backend);
        assertThat(model.condition(List.of("a cat"), 8).get(0)).containsOnlyKeys("encoder_hidden_states");
        Sample sample = model.generate(List.of("a cat"), 1, 8, 3).get(0);
        assertThat(sample.height()).isEqualTo(128);
    }

    @Test
    void theTextEncoderGivesTheGoldens() throws IOException {
        Map<String, TensorData> golden = Goldens.read("tiny-lcm-golden/text_encoder.npz");
        ModelDirectory tiny = ModelDirectory.open(Models.TINY);
        TextAdapters none = TextAdapters.of(PipelineOptions.defaults(), tiny);
        TextEncoders encoder = TextEncoders.load(tiny, none, backend);
        assertThat(encoder.shape()).isEqualTo(TEXT);
        int[] entries = {4, 5, 7, 12};
        for (int row = 0; row < entries.length; row++) {
            TensorData states =
                    Rows.slice(golden.get("last_hidden_state"), row, row + 1).reshape(STATES);
            TextRows rows = encoder.encode(Models.goldenPrompt(entries[row]));
            assertClose(rows.states().orElseThrow(), states, 1e-4);
        }
    }

    @Test
    void theDecoderGivesTheGoldens() throws IOException {
        Map<String, TensorData> golden = Goldens.read("tiny-lcm-golden/vae.npz");
        ImageDecoder decoder = ImageDecoder.open(ModelDirectory.open(Models.TINY), Shape.of(4, 16, 16), backend);
        List<Sample> samples = decoder.decode(List.of("a", "b"), golden.get("latents"));
        for (int row = 0; row < samples.size(); row++) {
            TensorData pixels =
                    TensorData.floats(Shape.of(1, 3, 128, 128), samples.get(row).pixels());
            assertClose(pixels, Rows.slice(golden.get("image_01"), row, row + 1), 1e-4);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"text_encoder", "vae_decoder", "unet"})
    void aComponentWithForeignInputsIsRefused(String component) throws IOException {
        Path directory = model(Models.TINY.resolve("unet_opset17"));
        String foreign =
                switch (component) {
                    case "text_encoder" -> "vae_decoder";
                    case "vae_decoder" -> "unet";
                    default -> "text_encoder";
                };
        Files.copy(
                Models.TINY.resolve(foreign).resolve("model.onnx"),
                directory.resolve(component).resolve("model.onnx"),
                StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> LatentConsistencyModel.load(directory, backend))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(directory.resolve(component).resolve("model.onnx") + " has the inputs");
    }

    @Test
    void aTruncatedFileIsNamed() throws IOException {
        Path directory = model(Models.TINY.resolve("unet_opset17"));
        Path unet = directory.resolve("unet/model.onnx");
        byte[] bytes = Files.readAllBytes(unet);
        Files.delete(unet);
        Files.write(unet, Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> LatentConsistencyModel.load(directory, backend))
                .hasMessageContaining(unet.toString());
    }

    @Test
    void aTextEncoderOfAnotherWidthIsRefused() throws IOException {
        ModelDirectory directory = ModelDirectory.open(Models.TINY);
        assertThatThrownBy(() -> Denoiser.open(directory, SIZE, new TextShape(77, 48, 0), true))
                .hasMessageContaining("takes encoder_hidden_states of width 32")
                .hasMessageContaining("48");
    }

    /** tiny-lcm with another UNet. */
    private Path model(Path unet) throws IOException {
        for (String part : List.of("scheduler", "tokenizer", "text_encoder", "vae_decoder")) {
            Models.copy(Models.TINY.resolve(part), temp.resolve(part));
        }
        Files.copy(Models.TINY.resolve("model_index.json"), temp.resolve("model_index.json"));
        Models.copy(unet, temp.resolve("unet"));
        return temp;
    }

    private static TensorData run(Path model, boolean raised) throws IOException {
        Denoiser denoiser = Denoiser.open(ModelDirectory.open(model), SIZE, TEXT, raised);
        return backend.compile(denoiser.graph(2)).run(inputs).get("out_sample");
    }
}
