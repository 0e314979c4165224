package dev.rlcm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.autodiff.GradientChecker;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.rewrite.OpenWeights;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LoraLayersTest {
    private static final LoraConfig CONFIG = LoraConfig.rank(2).withAlpha(3).targeting(LoraTargets.ALL);

    /** Feeds that the graph has no input for are left out. */
    private static Map<String, TensorData> run(Graph graph, Map<String, TensorData> feeds) {
        Map<String, TensorData> own = new HashMap<>(feeds);
        own.keySet().retainAll(graph.inputs().stream().map(Value::label).toList());
        try (ReferenceBackend backend = new ReferenceBackend()) {
            return backend.compile(graph).run(own);
        }
    }

    private static LoraAdapter random(List<LoraSite> sites, long seed) {
        Map<String, TensorData> weights = new HashMap<>();
        for (LoraSite site : sites) {
            weights.put(site.keyA(), LayerForms.random(site.shapeA(2), seed, site.keyA()));
            weights.put(site.keyB(), LayerForms.random(site.shapeB(2), seed, site.keyB()));
        }
        return LoraAdapter.of(CONFIG, sites, weights);
    }

    @ParameterizedTest
    @EnumSource
    void everyFormIsFoundWithItsPathAndWidths(LayerForms form) {
        List<LoraSite> sites = LoraInjection.sites(form.graph(1));
        assertThat(sites).hasSize(1);
        LoraSite site = sites.get(0);
        assertThat(site.path()).isEqualTo(LayerForms.PATH);
        assertThat(site.out()).isEqualTo(4);
        assertThat(site.in()).isEqualTo(site.isConvolution() ? 3 : 5);
        assertThat(site.isConvolution()).isEqualTo(form.name().startsWith("CONV"));
    }

    @ParameterizedTest
    @EnumSource
    void mergedWeightsComputeWhatTheInjectedAdapterDoes(LayerForms form) {
        Graph graph = form.graph(2);
        LoraAdapter adapter = random(LoraInjection.sites(graph), 3);
        Map<String, TensorData> feeds = LayerForms.feeds(graph, 4);
        double[] base = run(graph, feeds).get("y").toDoubles();
        feeds.putAll(adapter.tensors());
        double[] injected = run(LoraInjection.inject(graph, adapter).graph(), feeds)
                .get("y")
                .toDoubles();
        assertThat(run(LoraMerge.merge(graph, adapter), feeds).get("y").toDoubles())
                .containsExactly(injected, within(1e-6));
        assertThat(injected).isNotEqualTo(base);
    }

    /** As a file would have them: by their names, laid out and typed as they were. */
    @ParameterizedTest
    @EnumSource
    void mergedConstantsFedByNameComputeWhatTheInjectedAdapterDoes(LayerForms form) {
        Graph graph = form.graph(2);
        LoraAdapter adapter = random(LoraInjection.sites(graph), 3).scaled(2);
        Map<String, TensorData> feeds = LayerForms.feeds(graph, 4);
        feeds.putAll(adapter.tensors());
        double[] injected = run(LoraInjection.inject(graph, adapter).graph(), feeds)
                .get("y")
                .toDoubles();
        Map<String, TensorData> merged = LoraMerge.weights(graph, adapter);
        assertThat(merged).hasSize(1);
        merged.forEach((name, weight) -> {
            TensorData constant = OpenWeights.of(graph).get(name);
            assertThat(weight.type()).isEqualTo(constant.type());
            assertThat(weight.shape()).isEqualTo(constant.shape());
        });
        feeds.putAll(merged);
        double tolerance = form == LayerForms.DERIVED_WEIGHT ? 1e-2 : 1e-6; // that one is stored in FLOAT16
        assertThat(run(OpenWeights.open(graph, merged.keySet()), feeds).get("y").toDoubles())
                .containsExactly(injected, within(tolerance));
    }

    @Test
    void aWeightThatLayersShareTakesNoAdapterOfEach() {
        Value w = constant("first.weight", 4, 4);
        Graph graph = Graph.of("y", matmul("/second/MatMul", matmul("/first/MatMul", x, w), w));
        LoraAdapter adapter = random(LoraInjection.sites(graph), 13);
        assertThatThrownBy(() -> LoraMerge.weights(graph, adapter))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("the layers first and second share the weight first.weight");
        Graph unnamed = Graph.of("y", matmul("/first/MatMul", x, Value.constant(w.data())));
        LoraAdapter own = random(LoraInjection.sites(unnamed), 14);
        assertThatThrownBy(() -> LoraMerge.weights(unnamed, own)).hasMessageContaining("first has no name");
    }

    @ParameterizedTest
    @EnumSource
    void aFreshAdapterChangesNoForm(LayerForms form) {
        Graph graph = form.graph(5);
        LoraAdapter adapter = LoraAdapter.initial(CONFIG, LoraInjection.sites(graph, CONFIG), RandomStreams.seeded(6));
        Map<String, TensorData> feeds = LayerForms.feeds(graph, 7);
        double[] base = run(graph, feeds).get("y").toDoubles();
        feeds.putAll(adapter.tensors());
        Graph adapted = LoraInjection.inject(graph, CONFIG).graph();
        assertThat(run(adapted, feeds).get("y").toDoubles()).containsExactly(base);
    }

    @ParameterizedTest
    @EnumSource
    void gradientsOfTheFactorsAndBelowMatchDifferences(LayerForms form) {
        Graph adapted = LoraInjection.inject(form.graph(8), CONFIG).graph();
        List<String> all = adapted.inputs().stream().map(Value::label).toList();
        try (ReferenceBackend backend = new ReferenceBackend()) {
            var report = GradientChecker.check(adapted, LayerForms.feeds(adapted, 9), all, backend, 1e-5, 1e-7);
            assertThat(report).matches(GradientChecker.Report::passed);
            assertThat(report.elements()).isGreaterThan(20);
        }
    }

    private static final Attributes PLAIN = Attributes.of("transA", false, "transB", false);

    private static Value constant(String name, int... dims) {
        return Value.constant(LayerForms.random(Shape.of(dims), 10, name + dims.length), name);
    }

    private static Value matmul(String label, Value x, Value w) {
        return Value.of(Op.MATMUL, PLAIN, List.of(x, w), label);
    }

    private static Value grouped(String label, Value x) {
        Attributes sliding = Attributes.of("strides", new int[] {1, 1}, "pads", new int[4])
                .with("dilations", new int[] {1, 1})
                .with("group", 2);
        return Value.of(Op.CONV, sliding, List.of(x, constant("w", 4, 2, 1, 1)), label);
    }

    private final Value x = Value.input("x", DataType.FLOAT32, Shape.of(3, 4));

    @Test
    void aModuleThatIsCalledTwiceIsOneSiteWithOneAdapter() {
        Value w = constant("shared.weight", 4, 4);
        Graph graph = Graph.of("y", matmul("node_1", matmul("node_0", x, w).tanh(), w));
        List<LoraSite> sites = LoraInjection.sites(graph);
        assertThat(sites).containsExactly(new LoraSite("shared", 4, 4));
        LoraAdapter adapter = random(sites, 11);
        Map<String, TensorData> feeds = LayerForms.feeds(graph, 12);
        feeds.putAll(adapter.tensors());
        AdaptedGraph adapted = LoraInjection.inject(graph, adapter);
        assertThat(adapted.factors()).hasSize(2);
        Graph merged = LoraMerge.merge(graph, adapter);
        assertThat(run(merged, feeds).get("y").toDoubles())
                .containsExactly(run(adapted.graph(), feeds).get("y").toDoubles(), within(1e-6));
        Predicate<Value> constant = value -> value.is(Op.CONSTANT);
        assertThat(merged.topologicalOrder().stream().filter(constant).map(Value::data))
                .as("still shared")
                .allMatch(data -> data
                        == merged.topologicalOrder().stream()
                                .filter(constant)
                                .findFirst()
                                .orElseThrow()
                                .data());
    }

    @Test
    void equalWeightsUnderDifferentNodesAreLayersOfTheirOwn() {
        Value zeros = constant("first.weight", 4, 4);
        Graph graph = Graph.of("y", matmul("/second/MatMul", matmul("/first/MatMul", x, zeros), zeros));
        assertThat(LoraInjection.sites(graph)).extracting(LoraSite::path).containsExactly("first", "second");
    }

    @Test
    void layersThatCannotBeToldApartAreLeftOutOfPresetsAndRefusedByName() {
        Value ambiguous = matmul("/m/MatMul_1", matmul("/m/MatMul", x, constant("a", 4, 4)), constant("b", 4, 4));
        TensorData other = LayerForms.random(Shape.of(4, 4), 99, "c");
        Graph graph = Graph.of("y", matmul("/n/MatMul", ambiguous, Value.constant(other)));
        assertThat(LoraInjection.sites(graph, CONFIG))
                .extracting(LoraSite::path)
                .containsExactly("n");
        assertThatThrownBy(() -> LoraInjection.sites(graph, CONFIG.targeting("m")))
                .isInstanceOf(GraphException.class)
                .hasMessageContainingAll("{m=", "different weights", "withPaths");
    }

    @Test
    void groupedConvolutionsAreLeftOutOfPresetsAndRefusedByName() {
        Value image = Value.input("x", DataType.FLOAT32, Shape.of(1, 4, 2, 2));
        Value y = matmul("/fc/MatMul", grouped("/depthwise/Conv", image).reshape(4, 4), constant("w", 4, 4));
        Graph graph = Graph.of("y", y);
        assertThat(LoraInjection.sites(graph, CONFIG))
                .extracting(LoraSite::path)
                .containsExactly("fc");
        assertThatThrownBy(() -> LoraInjection.sites(graph, CONFIG.targeting("depthwise", "fc")))
                .isInstanceOf(GraphException.class)
                .hasMessageContainingAll("depthwise", "groups");
    }

    @Test
    void productsOfOtherOperatorsAreNoLayers() {
        Graph graph = Graph.of("y", matmul("/up/upsample/Resize", x, constant("", 4, 8)));
        assertThat(LoraInjection.sites(graph)).isEmpty();
        assertThatThrownBy(() -> LoraInjection.inject(graph, CONFIG)).hasMessageContaining("withPaths");
    }

    @Test
    void pathsCanBeGivenByTheNameOfTheNodeOrOfTheWeight() {
        Value first = matmul("MatMul_12", x, constant("onnx::MatMul_7", 4, 4));
        Value wrong = matmul("/wrapper/attn/to_q/MatMul", first, constant("onnx::MatMul_8", 4, 6));
        Graph graph = Graph.of("y", wrong);
        Graph named = LoraInjection.withPaths(
                graph, Map.of("onnx::MatMul_7", "up_blocks.0.proj", "/wrapper/attn/to_q/MatMul", "attn.to_q"));
        assertThat(LoraInjection.sites(named))
                .containsExactly(new LoraSite("up_blocks.0.proj", 4, 4), new LoraSite("attn.to_q", 4, 6));
        assertThatThrownBy(() -> LoraInjection.withPaths(graph, Map.of("nothing", "path")))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("[nothing]");
    }

    @Test
    void anAdapterOfAnotherModelIsNeitherInjectedNorMerged() {
        Graph graph = Graph.of("y", matmul("/fc/MatMul", x, constant("w", 4, 4)));
        LoraAdapter adapter = random(List.of(new LoraSite("fc", 4, 5)), 1);
        assertThatThrownBy(() -> LoraInjection.inject(graph, adapter))
                .isInstanceOf(GraphException.class)
                .hasMessageContainingAll("another model", "fc");
        assertThatThrownBy(() -> LoraMerge.merge(graph, adapter))
                .isInstanceOf(GraphException.class)
                .hasMessageContainingAll("another model", "fc");
    }
}
