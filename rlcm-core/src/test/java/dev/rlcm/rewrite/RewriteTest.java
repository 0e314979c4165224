package dev.rlcm.rewrite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import org.junit.jupiter.api.Test;

final class RewriteTest {
    private final Value x = Value.input("x", DataType.FLOAT32, Shape.of(2));

    @Test
    void onlyMatchingNodesOfTheOperatorAreReplaced() {
        Rewrite negation = Rewrite.on(Op.MUL).where(v -> v.in(1).isConstant(-1)).to(v -> v.in(0)
                .neg());
        Value minus = x.mul(-1);
        Value twice = x.mul(2);
        assertThat(negation.apply(minus).op()).isEqualTo(Op.NEG);
        assertThat(negation.apply(twice)).isSameAs(twice);
        assertThat(negation.apply(x)).isSameAs(x);
        Graph graph = Rewriter.rewrite(Graph.of("y", minus.add(twice)), negation);
        assertThat(graph.output("y").in(0).op()).isEqualTo(Op.NEG);
    }
}
