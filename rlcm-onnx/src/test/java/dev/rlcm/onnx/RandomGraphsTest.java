package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.exporter.Dialect;
import dev.rlcm.onnx.exporter.OnnxExporter;
import dev.rlcm.onnx.exporter.WeightStore;
import dev.rlcm.onnx.format.ExternalData;
import dev.rlcm.onnx.format.OnnxTensors;
import dev.rlcm.onnx.importer.InputBinding;
import dev.rlcm.onnx.importer.OnnxImporter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** ONNX Runtime and the reference backend agree on random graphs, forward and backward. */
class RandomGraphsTest {
    @Property(tries = 60)
    void onnxRuntimeEqualsTheReferenceBackend(@ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int size) {
        Graph graph = RandomGraphs.of(seed, size);
        assertAgree(graph, RandomGraphs.feeds(graph, seed), 1e-4);
    }

    @Property(tries = 40)
    void gradientsAgreeToo(@ForAll long seed, @ForAll @IntRange(min = 1, max = 8) int size) {
        Graph joint = OnnxModels.differentiate(RandomGraphs.of(seed, size), List.of("a", "b"));
        assertAgree(joint, RandomGraphs.feeds(joint, seed), 2e-4);
    }

    @Property(tries = 60)
    void importOfExportPreservesValues(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int size, @ForAll("dialects") Dialect dialect) {
        Graph graph = RandomGraphs.of(seed, size);
        ModelProto model = OnnxExporter.export(graph, WeightStore.inline(), dialect);
        Graph back = OnnxImporter.importModel(
                model,
                new OnnxTensors(new ExternalData(Path.of("x.onnx"))),
                new InputBinding(Map.of(), Map.of()),
                Set.of());
        Map<String, TensorData> feeds = RandomGraphs.feeds(graph, seed);
        try (Backend reference = new ReferenceBackend()) {
            assertClose(
                    reference.compile(back).run(feeds), reference.compile(graph).run(feeds), 1e-5);
        }
    }

    @Provide
    Arbitrary<Dialect> dialects() {
        Arbitrary<Dialect> cuda = Arbitraries.of(CudaOptions.Form.class)
                .set()
                .map(forms -> CudaOptions.defaults().withForms(forms).dialect());
        return Arbitraries.oneOf(Arbitraries.of(Dialect.STANDARD, Dialect.RUNTIME, Dialect.RUNTIME_CPU), cuda);
    }

    private static void assertAgree(Graph graph, Map<String, TensorData> feeds, double tolerance) {
        try (Backend backend = OrtBackend.cpu(1);
                Backend reference = new ReferenceBackend()) {
            Map<String, TensorData> actual = backend.compile(graph).run(feeds);
            assertClose(actual, reference.compile(graph).run(feeds), tolerance);
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
