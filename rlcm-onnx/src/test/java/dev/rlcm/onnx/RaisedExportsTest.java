package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.Executable;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** In real exports every composite operator is found, nothing of its small nodes is left, and the values stay. */
class RaisedExportsTest {
    private static final Path ROOT = Path.of(System.getProperty("rlcm.root"));
    private static final Path MODELS = Path.of("rlcm-examples/src/main/resources/models");

    /** Extents for every symbolic dimension that the files use; a file ignores those it does not have. */
    private static final Map<String, Integer> DIMS = Map.of(
            "batch_size", 2,
            "batch", 2,
            "num_channels_latent", 4,
            "height_latent", 8,
            "width_latent", 8,
            "height", 16,
            "width", 16,
            "steps", 1,
            "sequence_length", 7,
            "sequence", 7);

    @ParameterizedTest
    @CsvSource({
        "fixtures/tiny-lcm/unet, 48, 61, 16, 32, 47",
        "fixtures/tiny-lcm/unet_opset17, 48, 61, 16, 32, 47",
        "fixtures/tiny-lcm/unet_fp16, 48, 61, 16, 32, 47",
        "fixtures/tiny-lcm/text_encoder, 5, 0, 0, 2, 2",
        "fixtures/tiny-lcm/vae_decoder, 0, 22, 0, 1, 21",
        "fixtures/tiny-lcm/vae_encoder, 0, 14, 0, 1, 13",
        "fixtures/tiny-ldm/unet, 48, 61, 16, 32, 47",
        "emoji-lcm/unet, 21, 30, 7, 14, 25",
        "emoji-lcm/text_encoder, 5, 0, 2, 2, 0",
        "emoji-lcm/vae_decoder, 0, 11, 0, 0, 11",
        "emoji-lcm/vae_encoder, 0, 7, 0, 0, 7",
        "emoji-clip/text_model.onnx, 5, 0, 2, 2, 0",
        "emoji-clip/vision_model.onnx, 1, 9, 0, 0, 0",
        "fixtures/clip-golden/text_model.onnx, 5, 0, 0, 2, 2",
        "fixtures/clip-golden/vision_model.onnx, 8, 0, 0, 3, 3",
        "fixtures/bertscore-golden/model.onnx, 7, 0, 3, 3, 0",
        "fixtures/bertscore-golden/model_all_layers.onnx, 9, 0, 4, 4, 0"
    })
    void everyCompositeIsRaised(String file, int layerNorm, int groupNorm, int gelu, int attention, int swish)
            throws IOException {
        Graph raised = RaisePatterns.raise(load(file));

        assertThat(count(raised, Op.LAYER_NORM)).as("LAYER_NORM").isEqualTo(layerNorm);
        assertThat(count(raised, Op.GROUP_NORM)).as("GROUP_NORM").isEqualTo(groupNorm);
        assertThat(count(raised, Op.GELU)).as("GELU").isEqualTo(gelu);
        assertThat(count(raised, Op.ATTENTION)).as("ATTENTION").isEqualTo(attention);
        assertThat(count(raised, Op.SWISH)).as("SWISH").isEqualTo(swish);
        assertThat(raised.topologicalOrder())
                .noneMatch(v -> v.is(Op.SOFTMAX) || v.is(Op.ERF) || v.is(Op.SIGMOID) || v.is(Op.INSTANCE_NORM));
    }

    @ParameterizedTest
    @CsvSource({
        "fixtures/tiny-lcm/unet",
        "fixtures/tiny-lcm/text_encoder",
        "fixtures/tiny-lcm/vae_decoder",
        "emoji-lcm/unet",
        "fixtures/clip-golden/text_model.onnx",
        "fixtures/bertscore-golden/model.onnx"
    })
    void raisedExportsComputeTheSame(String file) throws IOException {
        Graph graph = load(file);
        Graph raised = RaisePatterns.raise(graph);
        Map<String, TensorData> inputs = inputs(graph);
        try (OrtBackend backend = OrtBackend.cpu(2);
                Executable before = backend.compile(graph);
                Executable after = backend.compile(raised)) {
            Map<String, TensorData> expected = before.run(inputs);
            Map<String, TensorData> actual = after.run(inputs);
            expected.forEach((name, data) -> assertThat(Tensors.relativeError(actual.get(name), data))
                    .as(name)
                    .isLessThan(1e-5));
        }
    }

    private static Graph load(String file) throws IOException {
        Map<String, Integer> dims = new HashMap<>(DIMS);
        dims.put("num_channels", file.contains("unet") ? 4 : 3);
        if (file.contains("vision")) {
            dims.put("height", file.contains("emoji") ? 64 : 128);
            dims.put("width", file.contains("emoji") ? 64 : 128);
        }
        Path path = file.startsWith("emoji") ? MODELS.resolve(file) : Path.of(file);
        return OnnxModels.load(ROOT.resolve(file.endsWith(".onnx") ? path : path.resolve("model.onnx")), dims);
    }

    private static long count(Graph graph, Op op) {
        return graph.topologicalOrder().stream().filter(v -> v.is(op)).count();
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
