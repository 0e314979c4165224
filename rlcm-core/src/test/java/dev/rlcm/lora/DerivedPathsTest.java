package dev.rlcm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Networks whose nodes are numbered and whose matrices are anonymous, as simplifiers leave them. */
class DerivedPathsTest {
    private static final LoraConfig ATTENTION = LoraConfig.rank(2);
    private static final String BLOCK = "mid_block.attentions.0.transformer_blocks.0";

    private final Value x = Value.input("x", DataType.FLOAT32, Shape.of(2, 6, 8));
    private final Value states = Value.input("states", DataType.FLOAT32, Shape.of(2, 5, 8));
    private int nodes;

    private Value constant(String name, int... dims) {
        int seed = nodes;
        return Value.constant(TensorData.generate(DataType.FLOAT32, Shape.of(dims), i -> Math.sin(i + 3 * seed)), name);
    }

    private Value node(Op op, Attributes attributes, Value... operands) {
        return Value.of(op, attributes, List.of(operands), "node_" + nodes++);
    }

    private Value linear(Value of) {
        return node(
                Op.MATMUL,
                Attributes.of("transA", false, "transB", false),
                of,
                constant("onnx::MatMul_" + nodes, 8, 8));
    }

    private Value norm(Value of, String path) {
        return node(
                Op.LAYER_NORM,
                Attributes.of("axis", 2, "epsilon", 1e-5),
                of,
                constant(path.isEmpty() ? "c" : path + ".weight", 8),
                constant(path.isEmpty() ? "d" : path + ".bias", 8));
    }

    private Value heads(Value of) {
        return of.reshape(2, of.dim(1), 2, 4).transpose(0, 2, 1, 3);
    }

    /** What is attended to, and whether the result's projection has a bias of a name. */
    private Value attention(Value queries, Value keys, String outBias) {
        Value attended = node(
                Op.ATTENTION,
                Attributes.of("scale", 0.5),
                heads(linear(queries)),
                heads(linear(keys)),
                heads(linear(keys)));
        Value out = linear(attended.transpose(0, 2, 1, 3).reshape(2, 6, 8));
        return out.add(constant(outBias, 8));
    }

    private static List<String> paths(Graph graph) {
        return LoraInjection.sites(graph, ATTENTION).stream()
                .map(LoraSite::path)
                .toList();
    }

    private static String[] projections(String block) {
        return new String[] {block + ".to_q", block + ".to_k", block + ".to_v", block + ".to_out.0"};
    }

    @Test
    void theBiasOfTheResultTellsTheBlock() {
        Graph graph = Graph.of("y", attention(norm(x, ""), norm(x, ""), BLOCK + ".attn1.to_out.0.bias"));
        assertThat(paths(graph)).containsExactlyInAnyOrder(projections(BLOCK + ".attn1"));
    }

    @Test
    void theNormBeforeTellsTheBlock() {
        Value first = norm(x, BLOCK + ".norm1");
        Value self = x.add(attention(first, first, "e"));
        Value cross = self.add(attention(norm(self, BLOCK + ".norm2"), states, "f"));
        assertThat(paths(Graph.of("y", cross)))
                .hasSize(8)
                .contains(projections(BLOCK + ".attn1"))
                .contains(projections(BLOCK + ".attn2"));
    }

    @Test
    void otherLayersAreFoundByTheirBiases() {
        Value gate = linear(x).add(constant("ff.net.2.bias", 8));
        assertThat(LoraInjection.sites(Graph.of("y", gate))).containsExactly(new LoraSite("ff.net.2", 8, 8));
    }

    @Test
    void whatKnowsItsPathKeepsItAndTheGraphStaysTheSame() {
        Value known = Value.of(
                Op.MATMUL,
                Attributes.of("transA", false, "transB", false),
                List.of(x, constant("onnx::MatMul_1", 8, 8)),
                "/fc/MatMul");
        Graph graph = Graph.of("y", known.add(constant("other.bias", 8)));
        assertThat(DerivedPaths.label(graph)).isSameAs(graph);
        assertThat(LoraInjection.sites(graph)).extracting(LoraSite::path).containsExactly("fc");
    }

    @Test
    void whereNothingTellsOneMessageSaysWhatToGive() {
        Graph graph = Graph.of("y", attention(norm(x, ""), states, "b"));
        assertThatThrownBy(() -> paths(graph))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("no name tells the modules of 4 layers")
                .hasMessageContaining("node_")
                .hasMessageContaining("onnx::MatMul_")
                .hasMessageContaining("--path");
    }
}
