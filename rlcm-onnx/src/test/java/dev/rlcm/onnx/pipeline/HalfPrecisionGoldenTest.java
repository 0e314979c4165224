package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npz;
import dev.rlcm.lora.AdaptedGraph;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Outputs and gradients of adapted UNets in 16 bits, with and without rounding every result as a device does. */
class HalfPrecisionGoldenTest {
    private static final Path GOLDEN = Models.FIXTURES.resolve("tiny-lcm-golden");
    private static final String OUT = "out";
    private static final String UPSTREAM = "upstream_gradient";
    private static final String GRADIENT = "grad.";
    private static final double LOSS_SCALE = 1024;

    private static OrtBackend plain;
    private static OrtBackend rounding;

    @BeforeAll
    static void open() {
        plain = OrtBackend.cpu(2);
        rounding = OrtBackend.emulatingHalf(OrtOptions.defaults().withThreads(2));
    }

    @AfterAll
    static void close() {
        plain.close();
        rounding.close();
    }

    /**
     * The weights of tiny-lcm are random and its gradients amplify rounding: those in float32 are off by 200 times its
     * precision, those with weights rounded to FLOAT16 and nothing else by 1.3 %.
     */
    @Test
    void tinyLcmAgreesWithPyTorchInDoublePrecision() throws IOException {
        LatentConsistencyModel model =
                LatentConsistencyModel.load(Models.TINY, plain).withPrecision(Precision.FLOAT16);
        LoraAdapter adapter = model.adapter(GOLDEN.resolve("lora_peft.safetensors"));
        Map<String, TensorData> gradients = new HashMap<>();
        Npz.read(GOLDEN.resolve("grads_lora_f64.npz")).forEach((name, g) -> gradients.put(GRADIENT + name, g));
        TensorData output = Npz.read(GOLDEN.resolve("outputs.npz")).get("lora_f64");
        Graph graph = forwardAndBackward(model.denoiser(2), adapter);
        Map<String, TensorData> feeds = feeds(graph, adapter, Npz.read(GOLDEN.resolve("inputs.npz")));

        Map<String, TensorData> wide = plain.compile(graph).run(feeds);
        assertThat(relativeL2(wide, Map.of(OUT, output), 1)).isLessThan(5e-3);
        assertThat(relativeL2(wide, gradients, LOSS_SCALE)).isLessThan(2e-2);

        Map<String, TensorData> rounded = rounding.compile(graph).run(feeds);
        assertThat(relativeL2(rounded, Map.of(OUT, output), 1)).isLessThan(2e-2);
        assertThat(relativeL2(rounded, gradients, LOSS_SCALE)).isLessThan(6e-2);
    }

    @ParameterizedTest
    @CsvSource({"FLOAT16, 1e-2", "BFLOAT16, 4e-2"})
    void emojiLcmAgreesWithItselfInSinglePrecision(Precision precision, double tolerance) throws IOException {
        LatentConsistencyModel model = LatentConsistencyModel.load(Models.EMOJI, plain);
        LoraAdapter adapter = LoraAdapter.initial(
                LoraConfig.rank(4),
                LoraInjection.inject(model.denoiser(2), LoraConfig.rank(4)).sites(),
                RandomStreams.seeded(1));
        Map<String, TensorData> inputs = new HashMap<>();
        RandomStreams random = RandomStreams.seeded(2);
        adapter.tensors().forEach((name, tensor) -> {
            float[] draws = random.at(name).gaussians(tensor.size());
            IntStream.range(0, draws.length).forEach(i -> tensor.setDouble(i, 0.05 * draws[i]));
        });
        Graph exact = forwardAndBackward(model.denoiser(2), adapter);
        for (Value input : exact.inputs()) {
            float[] draws =
                    random.at(input.label()).gaussians((int) input.shape().size());
            inputs.put(input.label(), TensorData.floats(input.shape(), draws));
        }
        inputs.put("timestep", TensorData.floats(Shape.of(2), 999, 259));
        Graph lowered = forwardAndBackward(model.withPrecision(precision).denoiser(2), adapter);
        Map<String, TensorData> expected = plain.compile(exact).run(feeds(exact, adapter, inputs));
        Map<String, TensorData> actual = rounding.compile(lowered).run(feeds(lowered, adapter, inputs));
        double output = relativeL2(actual, Map.of(OUT, expected.remove(OUT)), 1);
        double gradients = relativeL2(actual, expected, 1);
        assertThat(output).isLessThan(tolerance);
        assertThat(gradients).isLessThan(tolerance);
    }

    private static Graph forwardAndBackward(Graph denoiser, LoraAdapter adapter) {
        AdaptedGraph adapted = LoraInjection.inject(denoiser, adapter.config());
        Value output = adapted.graph().outputs().values().iterator().next();
        Value upstream = Value.input(UPSTREAM, DataType.FLOAT32, output.shape());
        Map<String, Value> gradients = new LinkedHashMap<>();
        adapted.factors().forEach(factor -> gradients.put(GRADIENT + factor.label(), factor));
        return Lowering.of(MemoryPolicy.FAST).update(Graph.of(OUT, output), Map.of(OUT, upstream), gradients);
    }

    /** The upstream gradient is scaled, as a loss would be. */
    private static Map<String, TensorData> feeds(Graph graph, LoraAdapter adapter, Map<String, TensorData> arrays) {
        Map<String, TensorData> feeds = new HashMap<>(adapter.tensors());
        for (Value input : graph.inputs()) {
            if (!feeds.containsKey(input.label())) {
                double factor = input.label().equals(UPSTREAM) ? LOSS_SCALE : 1;
                TensorData array = arrays.get(input.label());
                feeds.put(
                        input.label(),
                        TensorData.generate(DataType.FLOAT32, input.shape(), i -> factor * array.getDouble(i)));
            }
        }
        return feeds;
    }

    /** The error of all expected tensors together. */
    private static double relativeL2(Map<String, TensorData> actual, Map<String, TensorData> expected, double scale) {
        double difference = 0;
        double norm = 0;
        for (Map.Entry<String, TensorData> entry : expected.entrySet()) {
            TensorData tensor = actual.get(entry.getKey());
            if (tensor != null) { // gradients of the inputs are among the golden ones
                for (int i = 0; i < tensor.size(); i++) {
                    double wanted = entry.getValue().getDouble(i);
                    difference += Math.pow(tensor.getDouble(i) / scale - wanted, 2);
                    norm += wanted * wanted;
                }
            }
        }
        return Math.sqrt(difference / norm);
    }
}
