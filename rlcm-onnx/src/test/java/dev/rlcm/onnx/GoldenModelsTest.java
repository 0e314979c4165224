package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npz;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Imported models compute what PyTorch computed in double precision: outputs, and gradients of the joint graph. */
class GoldenModelsTest {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");
    private static final Path GOLDEN = FIXTURES.resolve("tiny-lcm-golden");
    private static final Map<String, Integer> DIMS =
            Map.of("batch_size", 2, "num_channels", 4, "height", 16, "width", 16, "steps", 2, "sequence_length", 77);

    @ParameterizedTest
    @CsvSource({
        "unet, DIRECT, 1e-4",
        "unet_opset17, DIRECT, 1e-4",
        "unet_opset17, FILTERED, 1e-4",
        "unet_fp16, DIRECT, 2e-2"
    })
    void unetOutputsAreThoseOfPyTorch(String variant, ConvolutionForms forms, double tolerance) throws Exception {
        Graph file = OnnxModels.load(FIXTURES.resolve("tiny-lcm/" + variant + "/model.onnx"), DIMS);
        TensorData expected = Npz.read(GOLDEN.resolve("outputs.npz")).get("base_f64");
        try (OrtBackend backend = OrtBackend.cpu(2)) {
            Graph graph = Lowering.of(backend).withConvolutions(forms).forward(file);
            Map<String, TensorData> actual = backend.compile(graph).run(feeds(graph));
            assertThat(Tensors.relativeError(actual.get("out_sample"), expected))
                    .isLessThan(tolerance);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "FILTERED"})
    void jointGraphYieldsTheGradientsOfAutograd(ConvolutionForms forms) throws Exception {
        List<String> wrt = List.of("sample", "encoder_hidden_states", "timestep_cond");
        Graph file = OnnxModels.load(FIXTURES.resolve("tiny-lcm/unet_opset17/model.onnx"), DIMS);
        Lowering lowering = Lowering.of(MemoryPolicy.FAST).withConvolutions(forms);
        Graph joint = lowering.lower(OnnxModels.differentiate(lowering.forward(file), wrt));
        Map<String, TensorData> expected = Npz.read(GOLDEN.resolve("grads_base_f64.npz"));
        try (OrtBackend backend = OrtBackend.cpu(2)) {
            Map<String, TensorData> actual = backend.compile(joint).run(feeds(joint));
            for (String input : wrt) {
                assertThat(relativeL2(actual.get("grad_" + input), expected.get(input)))
                        .as(input)
                        .isLessThan(1e-4);
            }
        }
    }

    private static Map<String, TensorData> feeds(Graph graph) throws Exception {
        Map<String, TensorData> arrays = Npz.read(GOLDEN.resolve("inputs.npz"));
        Map<String, TensorData> feeds = new HashMap<>();
        for (Value input : graph.inputs()) {
            TensorData array = arrays.get(input.label().startsWith("upstream_") ? "upstream_gradient" : input.label());
            feeds.put(input.label(), TensorData.generate(input.type(), input.shape(), array::getDouble));
        }
        return feeds;
    }

    private static double relativeL2(TensorData actual, TensorData expected) {
        double error = 0;
        double norm = 0;
        for (int i = 0; i < expected.size(); i++) {
            error += Math.pow(actual.getDouble(i) - expected.getDouble(i), 2);
            norm += Math.pow(expected.getDouble(i), 2);
        }
        return Math.sqrt(error / norm);
    }
}
