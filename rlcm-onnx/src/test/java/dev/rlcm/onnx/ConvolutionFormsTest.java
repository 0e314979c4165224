package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.AdaptedGraph;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A UNet and the gradients of its adapter with convolutions by minimal filtering, on ONNX Runtime. */
class ConvolutionFormsTest {
    private static final Path UNET =
            Path.of(System.getProperty("rlcm.root"), "fixtures/tiny-lcm/unet_opset17/model.onnx");

    private static Graph update(OrtBackend backend) throws IOException {
        Graph unet = RaisePatterns.raise(OnnxModels.load(
                UNET,
                LoadOptions.defaults()
                        .withInputShapes(Map.of(
                                "sample", Shape.of(2, 4, 16, 16),
                                "timestep", Shape.of(2),
                                "encoder_hidden_states", Shape.of(2, 5, 32)))));
        AdaptedGraph adapted = LoraInjection.inject(unet, LoraConfig.rank(2));
        Value output = adapted.graph().outputs().values().iterator().next();
        Map<String, Value> wrt = new LinkedHashMap<>();
        adapted.factors().forEach(factor -> wrt.put("gradient." + factor.label(), factor));
        Value upstream = Value.input("upstream", output.type(), output.shape());
        return Lowering.of(backend).update(Graph.of("y", output), Map.of("y", upstream), wrt);
    }

    private static Map<String, TensorData> run(ConvolutionForms forms) throws IOException {
        OrtOptions options = OrtOptions.defaults().withThreads(1).withConvolutions(forms);
        try (OrtBackend backend = OrtBackend.cpu(options)) {
            Graph update = update(backend);
            long direct = update.topologicalOrder().stream()
                    .filter(v -> v.is(Op.CONV) && v.in(1).dim(2) == 3 && isDense(v))
                    .count();
            boolean upsamples = update.topologicalOrder().stream().anyMatch(v -> v.is(Op.RESIZE));
            assertThat(direct == 0).isEqualTo(forms == ConvolutionForms.FILTERED);
            assertThat(upsamples).isEqualTo(forms == ConvolutionForms.DIRECT);
            Map<String, TensorData> feeds = new LinkedHashMap<>();
            for (Value input : update.inputs()) {
                Random random = new Random(input.label().hashCode());
                double scale = input.label().contains("lora") ? 0.05 : 1;
                feeds.put(
                        input.label(),
                        TensorData.generate(
                                input.type(),
                                input.shape(),
                                i -> input.label().equals("timestep") ? 500 : scale * random.nextGaussian()));
            }
            return backend.compile(update).run(feeds);
        }
    }

    private static boolean isDense(Value conv) {
        return conv.attributes().ints("strides")[0] == 1;
    }

    @Test
    void valuesAndGradientsAreThoseOfTheDirectForm() throws IOException {
        Map<String, TensorData> direct = run(ConvolutionForms.DIRECT);
        Map<String, TensorData> filtered = run(ConvolutionForms.FILTERED);
        assertThat(filtered.keySet()).isEqualTo(direct.keySet()).hasSizeGreaterThan(30);
        assertThat(Tensors.relativeError(filtered.get("y"), direct.get("y"))).isLessThan(1e-5);
        assertThat(Tensors.relativeError(gradient(filtered), gradient(direct)))
                .as("the whole gradient")
                .isLessThan(2e-5);
        // Gradients of queries are differences of nearly equal numbers, of which every form loses some digits.
        direct.forEach((name, expected) -> assertThat(Tensors.relativeError(filtered.get(name), expected))
                .as(name)
                .isLessThan(1e-4));
    }

    private static TensorData gradient(Map<String, TensorData> results) {
        double[] all = results.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith("gradient."))
                .flatMapToDouble(entry -> Arrays.stream(entry.getValue().toDoubles()))
                .toArray();
        return TensorData.generate(DataType.FLOAT64, Shape.of(all.length), i -> all[i]);
    }

    /** The tiny network's convolutions are faster as they are. */
    @Test
    void theChoiceByCostLeavesSmallNetworksAlone() throws IOException {
        assertThat(lowered(ConvolutionForms.BY_COST)).isEqualTo(lowered(ConvolutionForms.DIRECT));
    }

    private static String lowered(ConvolutionForms forms) throws IOException {
        try (OrtBackend backend = OrtBackend.cpu(OrtOptions.defaults().withConvolutions(forms))) {
            return update(backend).toString();
        }
    }
}
