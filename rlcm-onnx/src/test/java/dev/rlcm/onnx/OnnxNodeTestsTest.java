package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.exporter.WeightStore;
import dev.rlcm.onnx.format.ExternalData;
import dev.rlcm.onnx.format.OnnxTensors;
import dev.rlcm.onnx.importer.InputBinding;
import dev.rlcm.onnx.importer.OnnxImporter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.zip.ZipFile;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** ONNX's own operator tests: ground truth that owes nothing to ONNX Runtime. */
class OnnxNodeTestsTest {
    private static final OnnxTensors TENSORS = new OnnxTensors(new ExternalData(Path.of("node.onnx")));

    /** By number and value, which inputs are fed; the others become constants, as shapes and axes have to be. */
    private static final List<BiPredicate<Integer, TensorData>> FEEDS =
            List.of((i, data) -> true, (i, data) -> data.type().isFloating(), (i, data) -> i == 0, (i, data) -> false);

    private static ZipFile open() throws IOException {
        return new ZipFile(Path.of(System.getProperty("rlcm.root"), "fixtures", "onnx-nodes", "nodes.zip")
                .toFile());
    }

    static List<String> names() throws IOException {
        try (ZipFile zip = open()) {
            TreeSet<String> names = new TreeSet<>();
            zip.stream()
                    .forEach(e -> names.add(e.getName().substring(0, e.getName().indexOf('/'))));
            return List.copyOf(names);
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void importComputesWhatTheTestSays(String name) throws IOException {
        try (ZipFile zip = open()) {
            ModelProto model = ModelProto.parseFrom(bytes(zip, name + "/model.onnx"));
            Map<String, TensorData> inputs = new LinkedHashMap<>();
            for (ValueInfoProto port : model.getGraph().getInputList()) {
                inputs.put(port.getName(), tensor(zip, name + "/input_" + inputs.size() + ".pb"));
            }
            Map<String, TensorData> expected = new LinkedHashMap<>();
            for (ValueInfoProto port : model.getGraph().getOutputList()) {
                expected.put(port.getName(), tensor(zip, name + "/output_" + expected.size() + ".pb"));
            }
            assertThat(compared(model, inputs, expected))
                    .as("ways to feed it that can be imported")
                    .isPositive();
        }
    }

    private static int compared(ModelProto model, Map<String, TensorData> inputs, Map<String, TensorData> expected) {
        int compared = 0;
        for (BiPredicate<Integer, TensorData> isFed : FEEDS) {
            Map<String, TensorData> fed = new LinkedHashMap<>();
            int[] number = {0};
            inputs.forEach((name, data) -> {
                if (isFed.test(number[0]++, data)) {
                    fed.put(name, data);
                }
            });
            Graph graph;
            try {
                graph = load(model, inputs, fed);
            } catch (GraphException e) {
                assertThat(e).hasMessageContaining("must be a constant");
                continue;
            }
            compared++;
            try (Backend reference = new ReferenceBackend()) {
                Map<String, TensorData> actual = reference.compile(graph).run(fed);
                expected.forEach((name, data) -> {
                    assertThat(graph.output(name).type()).isEqualTo(data.type());
                    assertThat(graph.output(name).shape()).isEqualTo(data.shape());
                    assertClose(actual.get(name), data);
                });
            }
        }
        return compared;
    }

    private static Graph load(ModelProto model, Map<String, TensorData> inputs, Map<String, TensorData> fed) {
        GraphProto.Builder graph = model.getGraph().toBuilder().clearInput();
        for (ValueInfoProto port : model.getGraph().getInputList()) {
            if (fed.containsKey(port.getName())) {
                graph.addInput(port);
            } else {
                WeightStore.inline().store(graph, port.getName(), inputs.get(port.getName()));
            }
        }
        Map<String, Shape> shapes = new HashMap<>();
        fed.forEach((name, data) -> shapes.put(name, data.shape()));
        return OnnxImporter.importModel(
                model.toBuilder().setGraph(graph).build(), TENSORS, new InputBinding(Map.of(), shapes), Set.of());
    }

    /** Within 1e-3, or 1e-2 of half-precision numbers; what is not finite must be the same. */
    private static void assertClose(TensorData actual, TensorData expected) {
        double tolerance = expected.type().isFloating() && expected.type().bytes() == 2 ? 1e-2 : 1e-3;
        for (int i = 0; i < expected.size(); i++) {
            double a = actual.getDouble(i);
            double b = expected.getDouble(i);
            boolean same = Double.compare(a, b) == 0 || a == b;
            assertThat(same || Math.abs(a - b) <= tolerance * (0.1 + Math.abs(b)))
                    .as("element %d: %s, expected %s", i, a, b)
                    .isTrue();
        }
    }

    private static TensorData tensor(ZipFile zip, String entry) throws IOException {
        return TENSORS.read(TensorProto.parseFrom(bytes(zip, entry)));
    }

    private static byte[] bytes(ZipFile zip, String entry) throws IOException {
        return zip.getInputStream(zip.getEntry(entry)).readAllBytes();
    }
}
