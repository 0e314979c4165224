package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.rlcm.autodiff.GradientChecker;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.ExternalData;
import dev.rlcm.onnx.format.OnnxTensors;
import dev.rlcm.onnx.importer.InputBinding;
import dev.rlcm.onnx.importer.OnnxImporter;
import dev.rlcm.onnx.importer.OperatorTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operator that can be imported, in every form that opsets 7 to 23 give it, forward and backward. */
class OperatorFormsTest {
    /** Differences are taken by up to this many elements. */
    private static final int MAX_DIFFERENCES = 80;

    private static final OrtBackend ORT = OrtBackend.cpu(1);
    private static final Backend REFERENCE = new ReferenceBackend();

    static List<NodeCase> forms() {
        return OperatorCases.all().nodes();
    }

    /** Those that do not import to the same graph as one before. */
    static List<NodeCase> distinctForms() {
        Map<String, NodeCase> distinct = new LinkedHashMap<>();
        forms().forEach(node -> distinct.putIfAbsent(text(load(node.model())), node));
        return List.copyOf(distinct.values());
    }

    private static String text(Graph graph) {
        StringBuilder text = new StringBuilder(graph.toString());
        graph.topologicalOrder().stream()
                .filter(value -> value.is(Op.CONSTANT))
                .forEach(value -> text.append(Arrays.toString(value.data().toDoubles())));
        return text.toString();
    }

    @AfterAll
    static void close() {
        ORT.close();
        REFERENCE.close();
    }

    @Test
    void everyRowOfTheTableIsTestedInEveryVersionOfItsOperator() {
        Map<String, List<Integer>> tested = OperatorCases.all().tested();
        assertThat(tested.keySet()).containsExactlyInAnyOrderElementsOf(OperatorTable.keys());
        OperatorTable.keys().stream().filter(key -> !key.contains("::")).forEach(key -> {
            int[] versions = OperatorCases.VERSIONS.get(key);
            assertThat(versions)
                    .as("versions of " + key + " in operator-versions.txt")
                    .isNotNull();
            for (int i = 0; i < versions.length; i++) {
                int first = versions[i];
                int last = i + 1 < versions.length ? versions[i + 1] - 1 : Integer.MAX_VALUE;
                assertThat(tested.get(key))
                        .as("opsets with a test of " + key + "-" + first)
                        .anyMatch(opset -> opset >= first && opset <= last);
            }
        });
    }

    @Test
    void everyRowOfTheTableIsInTheDocumentation() throws IOException {
        String text = Files.readString(Path.of(System.getProperty("rlcm.root"), "docs", "operators.md"));
        assertThat(OperatorTable.keys().stream().map(key -> "`" + key.substring(key.lastIndexOf(':') + 1) + "`"))
                .allMatch(text::contains);
    }

    @Test
    void theFormsReachEveryOperatorOfTheGraph() {
        Set<Op> reached = EnumSet.noneOf(Op.class);
        for (NodeCase node : forms()) {
            load(node.model()).topologicalOrder().forEach(value -> reached.add(value.op()));
        }
        assertThat(reached).containsAll(EnumSet.complementOf(EnumSet.of(Op.INPUT, Op.CONSTANT, Op.AFTER)));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void importMeansWhatOnnxRuntimeComputes(NodeCase node) throws Exception {
        Graph graph = load(node.model());
        Map<String, TensorData> evaluated = run(REFERENCE, graph, node.feeds());
        if (node.hasKernel()) {
            try (PlainSession original = session(node)) {
                Map<String, TensorData> expected = original.run(node.feeds());
                expected.forEach((name, data) -> assertThat(graph.output(name).type())
                        .as("type of " + name)
                        .isEqualTo(data.type()));
                assertClose(evaluated, expected, 2e-5);
            }
        }
    }

    /** The build for CUDA 13 is of ONNX Runtime 1.24, which lacks the newest form of LpNormalization. */
    private static PlainSession session(NodeCase node) throws OrtException {
        try {
            return new PlainSession(node.model().toByteArray());
        } catch (OrtException e) {
            boolean older = OrtEnvironment.getEnvironment().getVersion().startsWith("1.24.");
            Assumptions.assumeFalse(
                    older && e.getCode() == OrtException.OrtErrorCode.ORT_NOT_IMPLEMENTED, e.getMessage());
            throw e;
        }
    }

    @ParameterizedTest
    @MethodSource("distinctForms")
    void exportMeansWhatTheReferenceComputes(NodeCase node) {
        Graph graph = load(node.model());
        assertClose(run(ORT, graph, node.feeds()), run(REFERENCE, graph, node.feeds()), 2e-5);
    }

    @ParameterizedTest
    @MethodSource("distinctForms")
    void gradientsAreThoseOfTheOperator(NodeCase node) {
        Graph graph = load(node.model());
        List<String> wrt = node.feeds().keySet().stream()
                .filter(name -> node.feeds().get(name).type() == DataType.FLOAT32)
                .toList();
        boolean real = graph.outputs().values().stream().anyMatch(v -> v.type().isFloating());
        if (wrt.isEmpty() || !real) {
            return;
        }
        int elements =
                wrt.stream().mapToInt(name -> node.feeds().get(name).size()).sum();
        if (!node.isKinked() && elements <= MAX_DIFFERENCES) {
            GradientChecker.Report report = GradientChecker.check(graph, node.feeds(), wrt, REFERENCE, 1e-5, 1e-6);
            assertThat(report.passed()).as("%s", report).isTrue();
        }
        Graph joint = OnnxModels.differentiate(graph, wrt);
        Map<String, TensorData> feeds = new LinkedHashMap<>(node.feeds());
        for (Value input : joint.inputs()) {
            feeds.computeIfAbsent(
                    input.label(), name -> TensorData.generate(input.type(), input.shape(), i -> Math.cos(i + 0.5)));
        }
        assertClose(run(ORT, joint, feeds), run(REFERENCE, joint, feeds), 1e-4);
    }

    private static Graph load(ModelProto model) {
        return OnnxImporter.importModel(
                model,
                new OnnxTensors(new ExternalData(Path.of("node.onnx"))),
                new InputBinding(Map.of(), Map.of()),
                Set.of());
    }

    private static Map<String, TensorData> run(Backend backend, Graph graph, Map<String, TensorData> feeds) {
        try (Executable executable = backend.compile(graph)) {
            return executable.run(feeds);
        }
    }

    private static void assertClose(
            Map<String, TensorData> actual, Map<String, TensorData> expected, double tolerance) {
        expected.forEach((name, data) -> {
            assertThat(actual.get(name).shape()).isEqualTo(data.shape());
            assertThat(Tensors.relativeError(actual.get(name), data)).as(name).isLessThan(tolerance);
        });
    }
}
