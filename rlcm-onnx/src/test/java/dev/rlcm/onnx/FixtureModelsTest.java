package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.Executable;
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
import org.junit.jupiter.params.provider.CsvSource;

/** ONNX Runtime gives the same numbers for an original file and for our import and re-export of it. */
class FixtureModelsTest {
    private static final Path ROOT = Path.of(System.getProperty("rlcm.root"));
    private static final String EMOJI = "rlcm-examples/src/main/resources/models/emoji-lcm/";

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
    @CsvSource({
        EMOJI + "unet/model.onnx, 1e-5",
        EMOJI + "text_encoder/model.onnx, 1e-5",
        EMOJI + "vae_decoder/model.onnx, 1e-5",
        EMOJI + "vae_encoder/model.onnx, 1e-5",
        "fixtures/tiny-lcm/text_encoder/model.onnx, 1e-5",
        "fixtures/tiny-lcm/unet/model.onnx, 1e-5",
        "fixtures/tiny-lcm/unet_opset17/model.onnx, 1e-5",
        "fixtures/tiny-lcm/unet_fp16/model.onnx, 2e-2",
        "fixtures/tiny-lcm/vae_decoder/model.onnx, 1e-5",
        "fixtures/tiny-lcm/vae_encoder/model.onnx, 1e-5",
        "fixtures/tiny-ldm/unet/model.onnx, 1e-5",
        "fixtures/emoji-clip/text_model.onnx, 1e-5",
        "fixtures/emoji-clip/vision_model.onnx, 1e-5",
        "fixtures/clip-golden/text_model.onnx, 1e-5",
        "fixtures/clip-golden/vision_model.onnx, 1e-5",
        "fixtures/clip-golden/aesthetic_mlp.onnx, 1e-5",
        "fixtures/bertscore-golden/model.onnx, 1e-5",
        "fixtures/bertscore-golden/model_all_layers.onnx, 1e-5"
    })
    void reExportComputesWhatTheOriginalComputes(String file, double tolerance) throws Exception {
        Path path = ROOT.resolve(file);
        long t0 = System.nanoTime();
        Graph graph = OnnxModels.load(path, dims(file));
        long t1 = System.nanoTime();
        Map<String, TensorData> inputs = inputs(graph);
        try (OrtBackend backend = OrtBackend.cpu(2);
                PlainSession original = new PlainSession(path)) {
            long t2 = System.nanoTime();
            Executable executable = backend.compile(graph);
            long t3 = System.nanoTime();
            Map<String, TensorData> actual = executable.run(inputs);
            System.err.println(file + " import " + (t1 - t0) / 1e6 + " ms, plain session " + (t2 - t1) / 1e6
                    + " compile " + (t3 - t2) / 1e6 + " ms, values "
                    + graph.topologicalOrder().size());
            Map<String, TensorData> expected = original.run(inputs);
            assertThat(actual.keySet()).isEqualTo(expected.keySet());
            expected.forEach((name, data) -> {
                assertThat(actual.get(name).shape()).isEqualTo(data.shape());
                assertThat(Tensors.relativeError(actual.get(name), data))
                        .as(name)
                        .isLessThan(tolerance);
            });
        }
    }

    private static Map<String, Integer> dims(String file) {
        Map<String, Integer> dims = new HashMap<>(DIMS);
        dims.put("num_channels", file.contains("unet") ? 4 : 3);
        if (file.contains("vision")) {
            dims.put("height", 64);
            dims.put("width", 64);
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
