package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.autodiff.GradientChecker;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.optim.AdamW;
import dev.rlcm.optim.AdamWConfig;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole weights of a small model, a perceptron of five layers. */
class WeightGradientsTest {
    private static final int ROWS = 8;

    private static Graph model;
    private static List<String> weights;

    @BeforeAll
    static void load() throws IOException {
        Path file = Path.of(System.getProperty("rlcm.root"), "fixtures/clip-golden/aesthetic_mlp.onnx");
        model = OnnxModels.load(file, Map.of("batch_size", ROWS));
        weights = List.copyOf(OnnxModels.weights(model).keySet());
    }

    private static TensorData random(Shape shape, long seed) {
        Random random = new Random(seed);
        return TensorData.generate(DataType.FLOAT32, shape, i -> random.nextGaussian());
    }

    /** The model's own weights, which a training may write to, and random numbers for everything else. */
    private static Map<String, TensorData> feeds(Graph graph) {
        Map<String, TensorData> feeds = new LinkedHashMap<>();
        Map<String, TensorData> known = OnnxModels.weights(model);
        for (Value input : graph.inputs()) {
            TensorData own = known.get(input.label());
            feeds.put(
                    input.label(),
                    own != null
                            ? TensorData.floats(own.shape(), own.toFloats())
                            : random(input.shape(), input.label().hashCode()));
        }
        return feeds;
    }

    @Test
    void weightsHaveTheNamesAndShapesOfTheirInitializers() {
        assertThat(weights)
                .contains("layers.0.weight", "layers.0.bias", "layers.7.weight")
                .hasSize(10);
        Graph joint = OnnxModels.differentiate(model, List.of("layers.7.weight", "layers.0.bias"));
        assertThat(joint.inputs())
                .extracting(Value::label)
                .endsWith("layers.7.weight", "layers.0.bias", "upstream_aesthetic_score");
        assertThat(joint.output("grad_layers.7.weight").shape())
                .isEqualTo(OnnxModels.weights(model).get("layers.7.weight").shape());
    }

    @Test
    void gradientsAreThoseOfTheReferenceBackend() {
        List<String> wrt = new ArrayList<>(weights);
        wrt.add(model.inputs().get(0).label());
        Graph joint = OnnxModels.differentiate(model, wrt);
        Map<String, TensorData> feeds = feeds(joint);
        try (OrtBackend ort = OrtBackend.cpu(1);
                ReferenceBackend reference = new ReferenceBackend()) {
            Map<String, TensorData> actual = ort.compile(joint).run(feeds);
            reference.compile(joint).run(feeds).forEach((name, expected) -> assertThat(
                            Tensors.relativeError(actual.get(name), expected))
                    .as(name)
                    .isLessThan(1e-5));
        }
    }

    /** The weights that are fed are those of the model, so nothing changes but that they can be changed. */
    @Test
    void outputsStayWhatTheyWere() {
        Graph joint = OnnxModels.differentiate(model, weights);
        Map<String, TensorData> feeds = feeds(joint);
        String input = model.inputs().get(0).label();
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            float[] plain = backend.compile(model)
                    .run(Map.of(input, feeds.get(input)))
                    .get("aesthetic_score")
                    .toFloats();
            assertThat(backend.compile(joint).run(feeds).get("aesthetic_score").toFloats())
                    .containsExactly(plain, within(1e-5f));
        }
    }

    /** Least squares: the upstream gradient of the scores is 2 (score - target) / rows. */
    @Test
    void stepsOfAdamWFitTheModelToItsTargets() {
        Graph joint = OnnxModels.differentiate(model, weights);
        Map<String, TensorData> feeds = feeds(joint);
        List<FloatBuffer> parameters =
                weights.stream().map(name -> feeds.get(name).floats()).toList();
        AdamW optimizer = new AdamW(parameters, AdamWConfig.defaults().withLearningRate(1e-2));
        TensorData upstream = feeds.get("upstream_aesthetic_score");
        TensorData targets = random(upstream.shape(), 5);
        List<Double> losses = new ArrayList<>();
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            Executable step = backend.compile(joint);
            TensorData scores = step.run(feeds).get("aesthetic_score");
            for (int k = 0; k < 60; k++) {
                double loss = 0;
                for (int i = 0; i < ROWS; i++) {
                    double error = scores.getDouble(i) - targets.getDouble(i);
                    upstream.setDouble(i, 2 * error / ROWS);
                    loss += error * error / ROWS;
                }
                losses.add(loss);
                Map<String, TensorData> results = step.run(feeds);
                optimizer.step(weights.stream()
                        .map(name -> results.get("grad_" + name).floats())
                        .toList());
                scores = step.run(feeds).get("aesthetic_score");
            }
        }
        assertThat(losses.get(59)).isLessThan(0.01 * losses.get(0));
    }

    @Test
    void unknownNamesAreRefusedWithTheOnesThereAre() {
        assertThatThrownBy(() -> OnnxModels.differentiate(model, List.of("layers.9.weight")))
                .isInstanceOf(GraphException.class)
                .hasMessageContainingAll("layers.9.weight", "image_embeds", "layers.0.weight");
    }

    /** Newer PyTorch exports leave the transpose of a linear layer's weight to the runtime. */
    @Test
    void trainedWeightsKeepTheShapeInWhichTheyAreStored(@TempDir Path directory) throws IOException {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(3, 5));
        Value w = Value.constant(random(Shape.of(4, 5), 1), "fc.weight");
        Path file = directory.resolve("linear.onnx");
        OnnxModels.save(Graph.of("y", x.matmul(w.transpose(1, 0)).tanh()), file);
        Graph folded = OnnxModels.load(file, Map.of());
        assertThat(folded.topologicalOrder().stream().map(Value::op)).doesNotContain(Op.TRANSPOSE);
        Graph stored = OnnxModels.load(file, LoadOptions.defaults().withTrained(Set.of("fc.weight")));
        assertThat(OnnxModels.weights(stored).get("fc.weight").toFloats())
                .containsExactly(w.data().toFloats());
        Graph joint = OnnxModels.differentiate(stored, List.of("fc.weight", "x"));
        assertThat(joint.output("grad_fc.weight").shape()).isEqualTo(Shape.of(4, 5));
        Graph forward = Graph.of("y", joint.output("y"));
        Map<String, TensorData> inputs = Map.of("x", random(x.shape(), 2), "fc.weight", w.data());
        try (ReferenceBackend backend = new ReferenceBackend()) {
            assertThat(GradientChecker.check(forward, inputs, List.of("fc.weight", "x"), backend, 1e-5, 1e-7))
                    .matches(GradientChecker.Report::passed);
        }
    }
}
