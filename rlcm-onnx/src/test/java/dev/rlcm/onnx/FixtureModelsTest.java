package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * ONNX Runtime gives the same numbers for an original file and for our import and re-export of it, convolutions by minimal
 * filtering included.
 */
class FixtureModelsTest {
    private static final Path ROOT = Path.of(System.getProperty("rlcm.root"));
    private static final String MODELS = "rlcm-examples/src/main/resources/models/";
    private static final String EMOJI = MODELS + "emoji-lcm/";

    /** Extents for every symbolic dimension that the files use; a file ignores those it does not have. */
    private static final Map<String, Integer> DIMS = Map.ofEntries(
            Map.entry("batch_size", 2),
            Map.entry("batch", 2),
            Map.entry("num_channels_latent", 4),
            Map.entry("height_latent", 8),
            Map.entry("width_latent", 8),
            Map.entry("height", 16),
            Map.entry("width", 16),
            Map.entry("steps", 1),
            Map.entry("sequence_length", 7),
            Map.entry("sequence", 7));

    @ParameterizedTest
    @ValueSource(
            strings = {
                EMOJI + "unet/model.onnx",
                EMOJI + "text_encoder/model.onnx",
                EMOJI + "vae_decoder/model.onnx",
                EMOJI + "vae_encoder/model.onnx",
                "fixtures/tiny-lcm/text_encoder/model.onnx",
                "fixtures/tiny-lcm/vae_decoder/model.onnx",
                "fixtures/tiny-lcm/vae_encoder/model.onnx",
                MODELS + "emoji-clip/text_model.onnx",
                MODELS + "emoji-clip/vision_model.onnx",
                "fixtures/clip-golden/text_model.onnx",
                "fixtures/clip-golden/vision_model.onnx",
                "fixtures/clip-golden/aesthetic_mlp.onnx",
                "fixtures/bertscore-golden/model.onnx",
                "fixtures/bertscore-golden/model_all_layers.onnx"
            })
    void reExportComputesWhatTheOriginalComputes(String file) throws Exception {
        Path path = ROOT.resolve(file);
        Graph graph = OnnxModels.load(path, dims(file));
        Map<String, TensorData> inputs = inputs(graph);
        try (OrtBackend backend = OrtBackend.cpu(2);
                PlainSession original = new PlainSession(path)) {
            Map<String, TensorData> expected = original.run(inputs);
            check(backend.compile(graph).run(inputs), expected);
            Graph filtered = Lowering.of(backend)
                    .withConvolutions(ConvolutionForms.FILTERED)
                    .inference(graph);
            if (filtered != graph) {
                check(backend.compile(filtered).run(inputs), expected);
            }
        }
    }

    private static void check(Map<String, TensorData> actual, Map<String, TensorData> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, data) -> {
            assertThat(actual.get(name).shape()).isEqualTo(data.shape());
            assertThat(Tensors.relativeError(actual.get(name), data)).as(name).isLessThan(1e-5);
        });
    }

    private static Map<String, Integer> dims(String file) {
        Map<String, Integer> dims = new HashMap<>(DIMS);
        dims.put("num_channels", file.contains("unet") ? 4 : 3);
        if (file.contains("vision")) {
            dims.put("height", file.contains("emoji") ? 64 : 128);
            dims.put("width", file.contains("emoji") ? 64 : 128);
        }
        return dims;
    }

    private static Map<String, TensorData> inputs(Graph graph) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        for (Value input : graph.inputs()) {
            inputs.put(input.label(), Tensors.random(input, random));
        }
        return inputs;
    }
}
