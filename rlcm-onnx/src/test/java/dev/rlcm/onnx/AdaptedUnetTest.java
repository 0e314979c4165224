package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.lora.LoraMerge;
import dev.rlcm.lora.LoraSite;
import dev.rlcm.lora.LoraTargets;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A UNet with every linear layer and convolution adapted. */
class AdaptedUnetTest {
    private static final Map<String, Integer> DIMS =
            Map.of("batch_size", 1, "num_channels", 4, "height", 16, "width", 8, "steps", 1, "sequence_length", 3);
    private static final LoraConfig ALL = LoraConfig.rank(2).targeting(LoraTargets.ALL);

    @TempDir
    Path directory;

    private static Graph unet;
    private static LoraAdapter adapter;

    @BeforeAll
    static void load() throws IOException {
        Path file = Path.of(System.getProperty("rlcm.root"), "fixtures/tiny-lcm/unet_opset17/model.onnx");
        unet = RaisePatterns.raise(OnnxModels.load(file, DIMS));
        List<LoraSite> sites = LoraInjection.sites(unet, ALL);
        adapter = LoraAdapter.initial(ALL, sites, RandomStreams.seeded(1));
        adapter.tensors().forEach((key, tensor) -> tensor.bytes()
                .put(draw(key, tensor, 0.1).bytes()));
    }

    private static TensorData draw(String name, TensorData like, double std) {
        float[] draws = RandomStreams.seeded(2).at(name).gaussians(like.size());
        return TensorData.generate(DataType.FLOAT32, like.shape(), i -> std * draws[i]);
    }

    private static Map<String, TensorData> feeds(Graph graph) {
        Map<String, TensorData> feeds = new HashMap<>();
        for (Value input : graph.inputs()) {
            TensorData zeros = TensorData.zeros(input.type(), input.shape());
            boolean timestep = input.label().equals("timestep");
            feeds.put(input.label(), timestep ? TensorData.longs(input.shape(), 499) : draw(input.label(), zeros, 1));
        }
        return feeds;
    }

    /** 16 transformer blocks, 22 residual blocks and what is around them. */
    @Test
    void presetsFindTheLayersThatDiffusersHas() {
        Map<LoraTargets, Integer> expected =
                Map.of(LoraTargets.ATTENTION, 128, LoraTargets.ALL_LINEAR, 230, LoraTargets.ALL, 282);
        expected.forEach((targets, count) ->
                assertThat(LoraInjection.sites(unet, ALL.targeting(targets))).hasSize(count));
        assertThat(LoraInjection.sites(unet, ALL.targeting("conv_in", "time_embedding.linear_2", "ff.net.0.proj")))
                .extracting(LoraSite::path)
                .contains("conv_in", "time_embedding.linear_2")
                .hasSize(18);
        long weighted = unet.topologicalOrder().stream()
                .filter(v -> v.is(Op.CONV) || (v.is(Op.MATMUL) && v.in(1).is(Op.CONSTANT)))
                .count();
        assertThat(weighted).as("every product with a weight").isEqualTo(282);
    }

    @Test
    void anExportWithMergedWeightsComputesWhatTheAdapterDoes() throws IOException {
        Path file = directory.resolve("merged.onnx");
        OnnxModels.savePortable(LoraMerge.merge(unet, adapter), file);
        Graph merged = OnnxModels.load(file, Map.of());
        Map<String, TensorData> feeds = feeds(unet);
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            TensorData off = backend.compile(unet).run(feeds).get("out_sample");
            TensorData expected = backend.compile(merged).run(feeds).get("out_sample");
            feeds.putAll(adapter.tensors());
            TensorData on = backend.compile(LoraInjection.inject(unet, adapter).graph())
                    .run(feeds)
                    .get("out_sample");
            assertThat(Tensors.relativeError(on, expected)).isLessThan(1e-4);
            assertThat(Tensors.relativeError(off, expected)).isGreaterThan(1e-2);
        }
    }

    /** Of all factors, and of weights of a convolution, a norm and two linear layers, at once. */
    @Test
    void theGradientAlongADirectionIsTheCentredDifference() {
        Graph adapted = LoraInjection.inject(unet, adapter).graph();
        List<String> weights = List.of(
                "conv_in.weight",
                "down_blocks.0.resnets.0.conv1.weight",
                "time_embedding.linear_1.weight",
                "conv_out.bias");
        List<String> wrt = Stream.concat(adapter.tensors().keySet().stream(), weights.stream())
                .toList();
        Graph joint = OnnxModels.differentiate(adapted, wrt);
        Map<String, TensorData> point = feeds(joint);
        point.putAll(adapter.tensors());
        Map<String, TensorData> known = OnnxModels.weights(adapted);
        weights.forEach(name -> point.put(name, known.get(name)));
        Map<String, TensorData> directions = new LinkedHashMap<>();
        wrt.forEach(name -> directions.put(name, draw("d" + name, point.get(name), 1)));
        double slope = 0;
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            Map<String, TensorData> gradients = backend.compile(joint).run(point);
            for (String name : wrt) {
                slope += dot(gradients.get("grad_" + name), directions.get(name));
            }
        }
        double h = 1e-6;
        double difference = (loss(joint, point, directions, h) - loss(joint, point, directions, -h)) / (2 * h);
        assertThat(slope / difference).isCloseTo(1, within(1e-4));
    }

    /** sum(output upstream) in double precision, away from the point. */
    private static double loss(
            Graph joint, Map<String, TensorData> point, Map<String, TensorData> directions, double step) {
        Map<String, TensorData> moved = new HashMap<>(point);
        directions.forEach((name, direction) -> {
            TensorData from = point.get(name);
            moved.put(
                    name,
                    TensorData.generate(
                            DataType.FLOAT64, from.shape(), i -> from.getDouble(i) + step * direction.getDouble(i)));
        });
        TensorData upstream = moved.remove("upstream_out_sample");
        Graph forward = new Graph(
                joint.inputs().stream()
                        .filter(v -> moved.containsKey(v.label()))
                        .toList(),
                Map.of("out", joint.output("out_sample")));
        try (ReferenceBackend backend = new ReferenceBackend()) {
            return dot(backend.compile(forward).run(moved).get("out"), upstream);
        }
    }

    private static double dot(TensorData a, TensorData b) {
        double sum = 0;
        for (int i = 0; i < a.size(); i++) {
            sum += a.getDouble(i) * b.getDouble(i);
        }
        return sum;
    }
}
