package dev.rlcm.rewrite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class RewriterTest {
    private final Value x = Value.input("x", DataType.FLOAT32, Shape.of(2));
    private final Value unused = Value.input("unused", DataType.FLOAT32, Shape.of(2));

    @Test
    void theIdentityRuleReturnsTheSameObjects() {
        Graph graph = new Graph(List.of(unused, x), Map.of("y", x.exp().add(x.neg()), "z", x));
        assertThat(Rewriter.rewrite(graph, v -> v)).isEqualTo(graph);
    }

    @Test
    void usersOfAReplacedNodeAreRebuiltWithTheirLabelsAndAllElseIsKept() {
        Value kept = x.neg();
        Value user = Value.of(Op.ADD, Attributes.NONE, List.of(x.exp(), kept), "user");
        Value result = Rewriter.rewrite(
                        Graph.of("y", user), v -> v.is(Op.EXP) ? v.in(0).tanh() : v)
                .output("y");
        assertThat(result.label()).isEqualTo("user");
        assertThat(result.in(0).op()).isEqualTo(Op.TANH);
        assertThat(result.in(1)).isSameAs(kept);
    }

    @Test
    void anInputStaysInPlaceIfItsReplacementUsesIt() {
        Graph graph = new Graph(List.of(x, unused), Map.of("y", x.exp()));
        Graph scaled = Rewriter.rewrite(graph, v -> v == x ? x.mul(2) : v);
        assertThat(scaled.inputs()).containsExactly(x, unused);
        assertThat(scaled.output("y").in(0).in(0)).isSameAs(x);
    }

    @Test
    void aReplacedInputDisappearsAndANewOneIsAppended() {
        Value fresh = Value.input("fresh", DataType.FLOAT32, Shape.of(2));
        Graph graph = new Graph(List.of(x, unused), Map.of("y", x.exp()));
        assertThat(Rewriter.rewrite(graph, v -> v == x ? fresh : v).inputs()).containsExactly(unused, fresh);
    }

    @Test
    void theRuleSeesEveryNodeOnceAndOperandsFirst() {
        Value shared = x.exp();
        Graph graph = Graph.of("y", shared.add(shared.neg()).mul(shared));
        List<Value> seen = new ArrayList<>();
        Rewriter.rewrite(graph, v -> {
            seen.add(v);
            return v;
        });
        assertThat(seen).containsExactlyElementsOf(graph.topologicalOrder());
    }

    @Test
    void aDeepGraphNeedsNoStack() {
        Value deep = x;
        for (int i = 0; i < 100_000; i++) {
            deep = deep.neg();
        }
        Graph result = Rewriter.rewrite(Graph.of("y", deep), v -> v.is(Op.NEG) ? v.in(0) : v);
        assertThat(result.output("y")).isSameAs(x);
    }
}
