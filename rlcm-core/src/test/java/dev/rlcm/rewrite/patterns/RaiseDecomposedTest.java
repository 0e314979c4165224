package dev.rlcm.rewrite.patterns;

import static dev.rlcm.rewrite.patterns.Forms.input;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.SameFunction;
import dev.rlcm.rewrite.lowering.Decompositions;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Raising undoes what decomposing did. */
class RaiseDecomposedTest {
    private static final Set<Op> RAISED =
            EnumSet.of(Op.LAYER_NORM, Op.INSTANCE_NORM, Op.GROUP_NORM, Op.GELU, Op.SWISH, Op.ATTENTION);

    private static Map<Op, Long> counts(Graph graph) {
        Map<Op, Long> counts = new EnumMap<>(Op.class);
        graph.topologicalOrder().forEach(value -> counts.merge(value.op(), 1L, Long::sum));
        return counts;
    }

    @Property(tries = 30)
    void raisingADecomposedGraphGivesItsOperatorsBack(
            @ForAll @IntRange(min = 1, max = 3) int batch,
            @ForAll @IntRange(min = 2, max = 5) int width,
            @ForAll @IntRange(min = 2, max = 4) int height,
            @ForAll boolean approximate,
            @ForAll boolean masked) {
        int channels = 2 * width;
        Value image = input("image", batch, channels, height, height);
        Attributes epsilon = Attributes.of("epsilon", 1e-3);
        Value grouped =
                Value.of(Op.GROUP_NORM, epsilon.with("groups", 2), image, input("g", channels), input("h", channels));
        Value active = Value.of(Op.SWISH, Attributes.of("alpha", 1.0), grouped);
        Value normal = Value.of(Op.INSTANCE_NORM, epsilon, active, input("i", channels), input("j", channels));
        Value tokens = normal.reshape(batch, channels, height * height).transposed();
        Value layer =
                Value.of(Op.LAYER_NORM, epsilon.with("axis", 2), tokens, input("s", channels), input("b", channels));
        Value gelu = Value.of(Op.GELU, Attributes.of("approximate", approximate ? "tanh" : "none"), layer);
        List<Value> operands = masked
                ? List.of(gelu, tokens, layer, input("mask", height * height, height * height))
                : List.of(gelu, tokens, layer);
        Graph graph = Graph.of("y", Value.of(Op.ATTENTION, Attributes.of("scale", 0.25), operands, "/attn"));

        Graph back = RaisePatterns.raise(Decompositions.decompose(graph, RAISED));

        assertThat(counts(back)).containsAllEntriesOf(counts(graph));
        assertThat(back.output("y").label()).isEqualTo("/attn");
        assertThat(back.output("y").attributes().real("scale")).isEqualTo(0.25, within(1e-7));
        SameFunction.check(graph, back, 1e-4);
    }
}
