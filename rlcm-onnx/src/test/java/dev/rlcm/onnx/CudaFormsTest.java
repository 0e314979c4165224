package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.CudaOptions.Form;
import dev.rlcm.onnx.exporter.OnnxExporter;
import dev.rlcm.onnx.exporter.WeightStore;
import dev.rlcm.onnx.format.ExternalData;
import dev.rlcm.onnx.format.OnnxTensors;
import dev.rlcm.onnx.importer.InputBinding;
import dev.rlcm.onnx.importer.OnnxImporter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * The forms for CUDA, run where there is a kernel for CPUs, and imported again where there is none: all of them give what the
 * reference backend computes from the graph.
 */
class CudaFormsTest {
    private static Value input(String name, int... dims) {
        return Value.input(name, DataType.FLOAT32, Shape.of(dims));
    }

    private static Value weight(int... dims) {
        return Value.constant(TensorData.generate(DataType.FLOAT32, Shape.of(dims), i -> Math.sin(1 + i)));
    }

    private static ModelProto export(Graph graph, Form... forms) {
        return OnnxExporter.export(
                graph,
                WeightStore.inline(),
                CudaOptions.defaults().withForms(Set.of(forms)).dialect());
    }

    private static List<String> operators(ModelProto model) {
        return model.getGraph().getNodeList().stream().map(NodeProto::getOpType).toList();
    }

    private static void assertClose(Map<String, TensorData> actual, Map<String, TensorData> expected) {
        expected.forEach((name, tensor) -> {
            assertThat(actual.get(name).shape()).isEqualTo(tensor.shape());
            assertThat(Tensors.relativeError(actual.get(name), tensor)).as(name).isLessThan(2e-5);
        });
    }

    /** Runs the model as it is written on the CPU. */
    private static List<String> assertRuns(Graph graph, long seed, Form... forms) throws Exception {
        ModelProto model = export(graph, forms);
        Map<String, TensorData> feeds = RandomGraphs.feeds(graph, seed);
        try (PlainSession session = new PlainSession(model.toByteArray());
                ReferenceBackend reference = new ReferenceBackend()) {
            assertClose(session.run(feeds), reference.compile(graph).run(feeds));
        }
        return operators(model);
    }

    /** Attention between features [B,L,H D] and [B,S,H D], as exporters write it. */
    private static Value attention(int batch, int heads, int width, int queries, int keys, boolean planes) {
        Value q = heads(input("q", batch, queries, heads * width), heads, planes);
        Value k = heads(input("k", batch, keys, heads * width), heads, planes);
        Value v = heads(input("v", batch, keys, heads * (width + 1)), heads, planes);
        return Value.of(Op.ATTENTION, Attributes.of("scale", 0.7), q, k, v);
    }

    private static Value heads(Value features, int heads, boolean planes) {
        int width = features.dim(2) / heads;
        Value split =
                features.reshape(features.dim(0), features.dim(1), heads, width).transpose(0, 2, 1, 3);
        return planes ? split.reshape(features.dim(0) * heads, features.dim(1), width) : split;
    }

    private static Value joined(Value attention, int batch, int heads) {
        int length = attention.dim(-2);
        int width = attention.dim(-1);
        return attention
                .reshape(batch, heads, length, width)
                .transpose(0, 2, 1, 3)
                .reshape(batch, length, heads * width);
    }

    @Property(tries = 20)
    void attentionTakesFeaturesAndTransposesNothing(
            @ForAll @IntRange(min = 1, max = 2) int batch,
            @ForAll @IntRange(min = 1, max = 3) int heads,
            @ForAll @IntRange(min = 1, max = 9) int queries,
            @ForAll @IntRange(min = 1, max = 9) int keys,
            @ForAll boolean planes,
            @ForAll long seed)
            throws Exception {
        Value y = joined(attention(batch, heads, 4, queries, keys, planes), batch, heads);
        assertThat(assertRuns(Graph.of("y", y), seed, Form.ATTENTION))
                .contains("MultiHeadAttention")
                .doesNotContain("Transpose", "Softmax");
    }

    /** The heads' own results serve the gradients. */
    @Property(tries = 10)
    void othersMayNeedTheHeads(@ForAll boolean planes, @ForAll boolean alsoJoined, @ForAll long seed) throws Exception {
        Value heads = attention(2, 3, 4, 5, 6, planes);
        Map<String, Value> outputs = new LinkedHashMap<>(Map.of("heads", heads, "sum", heads.tanh()));
        if (alsoJoined) {
            outputs.put("y", joined(heads, 2, 3));
        }
        List<String> operators = assertRuns(Graph.of(outputs), seed, Form.ATTENTION);
        assertThat(operators).containsOnlyOnce("MultiHeadAttention").containsOnlyOnce("Transpose");
    }

    @Example
    void headsThatWereNotSplitAreSamplesOfOneHead() throws Exception {
        Value y = Value.of(
                Op.ATTENTION,
                Attributes.of("scale", 0.7),
                input("q", 6, 5, 4),
                input("k", 6, 7, 4),
                input("v", 6, 7, 3));
        assertThat(assertRuns(Graph.of("y", y), 1, Form.ATTENTION)).contains("MultiHeadAttention");
    }

    @Example
    void masksDoublesAndAScaleOfZeroStayWhatTheyWere() {
        Value q = input("q", 6, 5, 4);
        Value uniform = Value.of(Op.ATTENTION, Attributes.of("scale", 0.0), q, q, q);
        assertThat(operators(export(Graph.of("y", uniform), Form.ATTENTION))).contains("Softmax");
        Value masked = Value.of(Op.ATTENTION, Attributes.of("scale", 0.7), q, q, q, input("mask", 5, 5));
        assertThat(operators(export(Graph.of("y", masked), Form.ATTENTION))).contains("Softmax");
        Value wide = Value.input("q", DataType.FLOAT64, Shape.of(6, 5, 4));
        Value y = Value.of(Op.ATTENTION, Attributes.of("scale", 0.7), wide, wide, wide);
        assertThat(operators(export(Graph.of("y", y), Form.ATTENTION))).contains("Softmax");
    }

    @Property(tries = 10)
    void aBiasIsAddedWithTheActivation(@ForAll boolean exact, @ForAll boolean usedElsewhere, @ForAll long seed)
            throws Exception {
        Value sum = input("x", 2, 3, 8).add(weight(8));
        Attributes kind = Attributes.of("approximate", exact ? "none" : "tanh");
        Map<String, Value> outputs = new LinkedHashMap<>(Map.of("y", Value.of(Op.GELU, kind, sum)));
        if (usedElsewhere) {
            outputs.put("sum", sum);
        }
        List<String> operators = assertRuns(Graph.of(outputs), seed, Form.ACTIVATIONS);
        if (usedElsewhere) {
            assertThat(operators).containsExactlyInAnyOrder("Add", exact ? "Gelu" : "FastGelu");
        } else {
            assertThat(operators).containsExactly(exact ? "BiasGelu" : "FastGelu");
        }
    }

    @Property(tries = 10)
    void aResidualSumComesWithItsNorm(@ForAll boolean sumIsOutput, @ForAll long seed) throws Exception {
        Value sum = input("x", 2, 3, 8).add(input("skip", 2, 3, 8));
        Attributes settings = Attributes.of("axis", 2, "epsilon", 1e-5);
        Value norm = Value.of(Op.LAYER_NORM, settings, sum, weight(8), weight(8));
        Value other = Value.of(Op.LAYER_NORM, settings, sum, weight(8).mul(2), weight(8));
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(sumIsOutput ? "sum" : "early", sumIsOutput ? sum : sum.tanh());
        outputs.put("y", norm);
        outputs.put("next", other.add(sum));
        assertThat(assertRuns(Graph.of(outputs), seed, Form.SKIP_LAYER_NORM))
                .containsOnlyOnce("SkipLayerNormalization")
                .containsOnlyOnce("LayerNormalization")
                .containsOnlyOnce("Add");
    }

    @Property(tries = 10)
    void productsTakeTransposesAndFactors(@ForAll boolean transA, @ForAll boolean transB, @ForAll long seed)
            throws Exception {
        Value a = transA ? input("a", 2, 5, 3) : input("a", 2, 3, 5);
        Value b = transB ? input("b", 4, 5) : input("b", 5, 4);
        Graph graph = Graph.of("y", a.mul(0.5).matmul(b, transA, transB).mul(3));
        assertThat(assertRuns(graph, seed, Form.PRODUCTS)).containsExactly("FusedMatMul");
        assertThat(assertRuns(graph, seed)).contains("MatMul").doesNotContain("FusedMatMul");
    }

    @Property(tries = 10)
    void groupNormsTakeTheirActivation(@ForAll boolean activated, @ForAll boolean usedElsewhere, @ForAll long seed) {
        Value norm = Value.of(
                Op.GROUP_NORM,
                Attributes.of("groups", 2, "epsilon", 1e-5),
                input("x", 2, 8, 3, 5),
                weight(8),
                weight(8));
        Value y = activated ? Value.of(Op.SWISH, Attributes.of("alpha", 1.0), norm) : norm.tanh();
        Map<String, Value> outputs = new LinkedHashMap<>(Map.of("y", y));
        if (usedElsewhere) {
            outputs.put("norm", norm);
        }
        Graph graph = Graph.of(outputs);
        ModelProto model = export(graph, Form.values());
        boolean inOne = activated && !usedElsewhere;
        assertThat(operators(model)).containsOnlyOnce("GroupNorm").doesNotContain("InstanceNormalization");
        assertThat(operators(model).contains("QuickGelu")).isEqualTo(activated && !inOne);
        assertImports(model, graph, seed);
    }

    /** There is no kernel for CPUs. */
    private static void assertImports(ModelProto model, Graph graph, long seed) {
        Graph back = OnnxImporter.importModel(
                model,
                new OnnxTensors(new ExternalData(Path.of("x.onnx"))),
                new InputBinding(Map.of(), Map.of()),
                Set.of());
        Map<String, TensorData> feeds = RandomGraphs.feeds(graph, seed);
        try (ReferenceBackend reference = new ReferenceBackend()) {
            assertClose(
                    reference.compile(back).run(feeds), reference.compile(graph).run(feeds));
        }
    }

    @Example
    void oddGroupsAreWrittenOut() {
        Attributes settings = Attributes.of("groups", 2, "epsilon", 1e-5);
        Value norm = Value.of(Op.GROUP_NORM, settings, input("x", 2, 6, 3, 5), weight(6), weight(6));
        assertThat(operators(export(Graph.of("y", norm), Form.values()))).contains("InstanceNormalization");
    }
}
