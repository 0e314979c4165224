package dev.rlcm.onnx.pipeline.encoders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.LoadOptions;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.Goldens;
import dev.rlcm.onnx.pipeline.Models;
import dev.rlcm.onnx.pipeline.component.Rows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HiddenLayerTest {
    private static final Path FILE = Path.of("model.onnx");

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void allExportersTellTheSameLayers(int layer) throws IOException {
        TensorData expected = run("torchscript14.onnx", graph -> HiddenLayer.of(graph, layer, FILE));
        for (String file :
                new String[] {"dynamo18.onnx", "torchscript12-plain.onnx", "torchscript12-plain-bert.onnx"}) {
            Goldens.assertClose(run(file, graph -> HiddenLayer.of(graph, layer, FILE)), expected, 1e-5);
        }
    }

    @Test
    void theLayerAfterTheLastBlockIsTheOutput() throws IOException {
        TensorData golden = Goldens.read("exports/bert/values.npz").get("out_last_hidden_state");
        Goldens.assertClose(run("torchscript14.onnx", graph -> HiddenLayer.of(graph, 2, FILE)), golden, 1e-4);
        Goldens.assertClose(run("torchscript14.onnx", graph -> HiddenLayer.last(graph, FILE)), golden, 1e-4);
    }

    @Test
    void aTableOfTheSameShapeIsNotTakenForHiddenStates() {
        Shape shape = Shape.of(1, 4, 8);
        Value states = Value.input("x", DataType.FLOAT32, shape).add(1);
        Value table = Value.constant(TensorData.zeros(DataType.FLOAT32, shape)).add(2);
        Value block = Value.of(Op.ADD, Attributes.NONE, List.of(states, table), "/encoder.layer.0/Add");
        Graph graph = Graph.of("last_hidden_state", block);
        assertThat(HiddenLayer.of(graph, 0, FILE)).isSameAs(states);
        assertThat(HiddenLayer.of(graph, 1, FILE)).isSameAs(block);
    }

    @Test
    void aGraphThatDoesNotTellItsLayersIsRefused() {
        Value input = Value.input("x", DataType.FLOAT32, Shape.of(1, 4, 8));
        Graph graph = Graph.of("last_hidden_state", input.add(1));
        for (int layer : new int[] {-1, 0, 1}) {
            assertThatThrownBy(() -> HiddenLayer.of(graph, layer, FILE))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("model.onnx has no layer " + layer)
                    .hasMessageContaining("do not tell")
                    .hasMessageContaining("hidden_states.");
        }
    }

    @Test
    void anOutputOfAnotherNameIsNotTakenForHiddenStates() {
        Value input = Value.input("x", DataType.FLOAT32, Shape.of(1, 4, 8));
        assertThatThrownBy(() -> HiddenLayer.last(Graph.of("logits", input.add(1)), FILE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no output last_hidden_state")
                .hasMessageContaining("[logits]")
                .hasMessageContaining("--task feature-extraction");
    }

    private static TensorData run(String name, Function<Graph, Value> output) throws IOException {
        Path file = Models.FIXTURES.resolve("exports/bert").resolve(name);
        Map<String, TensorData> values = Goldens.read("exports/bert/values.npz");
        Map<String, TensorData> inputs = OnnxModels.inspect(file).inputs().stream()
                .collect(Collectors.toMap(
                        port -> port.name(), port -> Rows.convert(values.get("in_" + port.name()), port.type())));
        Graph graph = OnnxModels.load(
                file,
                LoadOptions.defaults()
                        .withInputShapes(inputs.entrySet().stream()
                                .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue()
                                        .shape()))));
        try (Backend backend = OrtBackend.cpu(1)) {
            return backend.compile(new Graph(graph.inputs(), Map.of("states", output.apply(graph))))
                    .run(inputs)
                    .get("states");
        }
    }
}
