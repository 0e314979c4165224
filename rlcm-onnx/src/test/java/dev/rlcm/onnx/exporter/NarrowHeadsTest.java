package dev.rlcm.onnx.exporter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.SameValues;
import dev.rlcm.rewrite.lowering.Decompositions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class NarrowHeadsTest {
    private static Value input(String name, int... dims) {
        return Value.input(name, DataType.FLOAT32, Shape.of(dims));
    }

    /** Self-attention of x [B,L,HD] as exporters write it, and its gradients by x. */
    private static Graph attention(int batch, int length, int heads, int width) {
        Value x = input("x", batch, length, heads * width);
        Value split = x.reshape(batch, length, heads, width).transpose(0, 2, 1, 3);
        Value joined = Value.of(Op.ATTENTION, Attributes.of("scale", 0.3), split, split.mul(0.5), split.tanh())
                .transpose(0, 2, 1, 3)
                .reshape(x.shape());
        Value loss = joined.mul(x).sum();
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("y", joined);
        outputs.put("dx", Gradients.of(loss, List.of(x)).get(0));
        return Decompositions.decompose(Graph.of(outputs), Set.of(Op.ATTENTION));
    }

    private static long movesOfHeads(Graph graph) {
        return graph.topologicalOrder().stream()
                .filter(value -> value.is(Op.TRANSPOSE)
                        && Arrays.equals(value.attributes().ints("perm"), new int[] {0, 2, 1, 3}))
                .count();
    }

    @Property(tries = 30)
    void attentionAndItsGradientsStay(
            @ForAll @IntRange(min = 1, max = 3) int batch,
            @ForAll @IntRange(min = 1, max = 9) int length,
            @ForAll @IntRange(min = 1, max = 4) int heads,
            @ForAll @IntRange(min = 1, max = 5) int width,
            @ForAll long seed) {
        Graph graph = attention(batch, length, heads, width);
        Graph narrow = NarrowHeads.apply(graph);
        assertThat(movesOfHeads(narrow)).isZero();
        SameValues.check(graph, narrow, seed);
    }

    @Property(tries = 30)
    void productsTakeTransposedReshapedAndCutOperands(
            @ForAll boolean transA, @ForAll boolean transB, @ForAll long seed) {
        Value a = input("a", 2, 3, 4, 5)
                .transposed()
                .mul(2)
                .reshape(6, 5, 4)
                .slice(0, 1, 5)
                .slice(1, 0, 3);
        int inner = transA ? 3 : 4;
        Value b = (transB ? input("b", 4, inner, 2) : input("b", 4, 2, inner)).transposed();
        Graph graph = Graph.of("y", a.matmul(b, transA, transB));
        Graph absorbed = NarrowHeads.apply(graph);
        assertThat(absorbed.topologicalOrder().stream()
                        .filter(value -> value.is(Op.MATMUL))
                        .flatMap(value -> value.inputs().stream()))
                .noneMatch(value -> value.is(Op.TRANSPOSE));
        SameValues.check(graph, absorbed, seed);
    }

    private static long transposes(Graph graph) {
        return graph.topologicalOrder().stream()
                .filter(value -> value.is(Op.TRANSPOSE))
                .count();
    }

    /** As the gradients of attention by slices have them. */
    @Property(tries = 30)
    void sumsAndAppendedColumnsAreTakenInTheOtherLayout(@ForAll long seed) {
        Value a = input("a", 2, 3, 4, 5).transposed();
        Value b = input("b", 2, 3, 4, 5).transposed();
        Value d = a.mul(b).sum(true, 3);
        Value appended = Value.concat(3, List.of(a.mul(0.5), d));
        Value y = appended.matmul(input("c", 2, 3, 6, 5), false, true);
        Graph graph = Graph.of("y", y);
        Graph absorbed = NarrowHeads.apply(graph);
        assertThat(transposes(graph)).isEqualTo(2);
        assertThat(transposes(absorbed)).isZero();
        SameValues.check(graph, absorbed, seed);
    }

    @Test
    void aTransposedReshapeTurnsOnlyTheMatrices() {
        Value product = input("a", 6, 5, 3).matmul(input("b", 6, 3, 4));
        Graph graph = Graph.of("y", product.reshape(2, 3, 5, 4).transpose(0, 2, 1, 3));
        Graph moved = NarrowHeads.apply(graph);
        assertThat(movesOfHeads(moved)).isZero();
        SameValues.check(graph, moved, 1);
    }

    @Test
    void wideHeadsStay() {
        Graph graph = attention(1, 8, 2, 16);
        assertThat(movesOfHeads(NarrowHeads.apply(graph))).isEqualTo(movesOfHeads(graph));
    }
}
