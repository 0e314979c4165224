package dev.rlcm.rewrite.folding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.BackendException;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.RandomNodes;
import dev.rlcm.rewrite.Reference;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.lowering.CommonSubexpressions;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** The specification of folding is the reference backend. */
final class FoldingAgainstReferenceTest {
    @Property(tries = 80)
    void aFoldedNodeHasTheReferenceValue(@ForAll long seed) {
        RandomNodes nodes = new RandomNodes(new Random(seed));
        List<Value> pool = nodes.constants(8);
        for (int step = 0; step < 20; step++) {
            Value node = nodes.node(pool);
            Value folded = check(node);
            if (folded.is(Op.CONSTANT) && folded.shape().size() <= 200 && moderate(folded)) {
                pool.add(folded);
            }
        }
    }

    @Test
    void everyOperatorThatFoldsIsReachedByTheRandomNodes() {
        RandomNodes nodes = new RandomNodes(new Random(1));
        List<Value> pool = nodes.constants(40);
        Set<Op> seen = EnumSet.noneOf(Op.class);
        for (int i = 0; i < 3000; i++) {
            Value node = nodes.node(pool);
            if (ConstantFolding.fold(node).is(Op.CONSTANT)) {
                seen.add(node.op());
            }
        }
        Set<Op> expected = EnumSet.range(Op.ADD, Op.MATMUL);
        expected.remove(Op.RESIZE);
        assertThat(seen).isEqualTo(expected);
    }

    @Property(tries = 40)
    void aGraphOfConstantsFoldsToConstantsAndMergingKeepsItsValues(@ForAll long seed) {
        Graph graph = graph(seed);
        Graph merged = CommonSubexpressions.merge(graph);
        assertThat(CommonSubexpressions.merge(merged)).isEqualTo(merged);
        assertThat(merged.topologicalOrder())
                .hasSizeLessThanOrEqualTo(graph.topologicalOrder().size());
        Graph folded = ConstantFolding.apply(graph);
        Graph foldedMerged = ConstantFolding.apply(merged);
        graph.outputs().forEach((name, value) -> {
            assertThat(merged.output(name).shape()).isEqualTo(value.shape());
            boolean constant = folded.output(name).is(Op.CONSTANT);
            assertThat(foldedMerged.output(name).is(Op.CONSTANT)).isEqualTo(constant);
            if (constant) {
                assertThat(foldedMerged.output(name).data().bytes())
                        .isEqualTo(folded.output(name).data().bytes());
            }
        });
    }

    @Property(tries = 40)
    void rewritingWithTheIdentityReturnsTheSameGraph(@ForAll long seed) {
        Graph graph = graph(seed);
        Graph same = Rewriter.rewrite(graph, v -> v);
        assertThat(same).isEqualTo(graph);
        assertThat(same.outputs().keySet())
                .containsExactlyElementsOf(graph.outputs().keySet());
    }

    @Property(tries = 40)
    void duplicatesOfAGraphMergeAway(@ForAll long seed) {
        Map<String, Value> outputs = new LinkedHashMap<>();
        Graph graph = graph(seed);
        Graph first = CommonSubexpressions.merge(graph);
        first.outputs().forEach(outputs::put);
        CommonSubexpressions.merge(twin(graph)).outputs().forEach((name, value) -> outputs.put(name + "'", value));
        Graph both = CommonSubexpressions.merge(Graph.of(outputs));
        first.outputs().keySet().forEach(name -> assertThat(both.output(name + "'"))
                .isSameAs(both.output(name)));
        assertThat(both.topologicalOrder()).hasSameSizeAs(first.topologicalOrder());
    }

    /** The graph on nodes of its own. Large constants keep their data, by whose identity they are compared. */
    private static Graph twin(Graph graph) {
        return Rewriter.rewrite(
                graph,
                value -> value.is(Op.CONSTANT)
                        ? Value.constant(value.shape().size() <= 64 ? copy(value.data()) : value.data(), value.label())
                        : Value.of(value.op(), value.attributes(), value.inputs(), value.label()));
    }

    private static TensorData copy(TensorData data) {
        TensorData copy = TensorData.zeros(data.type(), data.shape());
        copy.bytes().put(data.bytes());
        return copy;
    }

    @Test
    void largeConstantsWithEqualElementsStayApart() {
        TensorData data = TensorData.generate(DataType.FLOAT32, Shape.of(65), i -> i);
        Value x = Value.constant(data);
        Value twin = Value.constant(copy(data));
        Graph merged = CommonSubexpressions.merge(Graph.of("y", x.add(twin)));
        assertThat(merged.output("y").in(0)).isNotSameAs(merged.output("y").in(1));
    }

    /** Nodes on each other, not folded; some may be impossible to compute. */
    private static Graph graph(long seed) {
        RandomNodes nodes = new RandomNodes(new Random(seed));
        List<Value> pool = nodes.constants(4);
        Map<String, Value> outputs = new LinkedHashMap<>();
        for (int i = 0; i < 12; i++) {
            Value node = nodes.node(pool);
            if (node.shape().size() <= 60) {
                pool.add(node);
            }
            outputs.put("y" + i, node);
        }
        return new Graph(List.of(), outputs);
    }

    /** Whether integer powers of the elements stay within the digits of a double, which the reference computes with. */
    private static boolean moderate(Value constant) {
        for (double x : constant.data().toDoubles()) {
            if (!(Math.abs(x) < 1000)) {
                return false;
            }
        }
        return true;
    }

    /** Whether integer powers stay within the digits of a double. */
    private static boolean isExact(Value power) {
        return Math.pow(Math.max(1, largest(power.in(0))), largest(power.in(1))) <= 0x1p53;
    }

    private static double largest(Value constant) {
        return Arrays.stream(constant.data().toDoubles()).map(Math::abs).max().orElse(0);
    }

    private static Value check(Value node) {
        Value folded = ConstantFolding.fold(node);
        if (node.is(Op.POW) && node.type().isInteger() && !isExact(node)) {
            return folded;
        }
        Graph graph = Graph.of("y", node);
        if (folded.is(Op.CONSTANT)) {
            assertThat(folded.label()).isEqualTo("node");
            assertThat(folded.type()).isEqualTo(node.type());
            Reference.assertSame(
                    folded.data(), Reference.run(graph, Map.of()).get("y"), node + " " + node.attributes());
        } else if (node.is(Op.POW)) {
            assertThat(node.in(0).type().isInteger()).isTrue(); // 0 to a negative power
        } else {
            assertThatThrownBy(() -> Reference.run(graph, Map.of())).isInstanceOf(BackendException.class);
        }
        return folded;
    }
}
