package dev.rlcm.rewrite.folding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.SameFunction;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BlocksTest {
    private final Value a = Value.input("a", DataType.FLOAT64, Shape.of(2, 3));
    private final Value b = Value.input("b", DataType.FLOAT64, Shape.of(2, 4));

    @Test
    void blocksThatFillATensorAreItsConcatenation() {
        for (Value sum : List.of(
                a.pad(0, 0, 0, 4).add(b.pad(0, 3, 0, 0)), b.pad(0, 3, 0, 0).add(a.pad(0, 0, 0, 4)))) {
            Value joined = ConstantFolding.fold(sum);
            assertThat(joined.op()).isEqualTo(Op.CONCAT);
            assertThat(joined.inputs()).containsExactly(a, b);
        }
    }

    @Test
    void zerosAroundTwoBlocksStay() {
        Value sum = a.pad(1, 2, 0, 9).add(b.pad(1, 5, 0, 5));
        Value joined = ConstantFolding.fold(sum);
        assertThat(joined.op()).isEqualTo(Op.PAD);
        assertThat(joined.in(0).op()).isEqualTo(Op.CONCAT);
        SameFunction.check(Graph.of("y", sum), Graph.of("y", joined), 0);
    }

    @Property(tries = 100)
    void sumsOfBlocksKeepTheirValuesWhereverTheBlocksAre(
            @ForAll @IntRange(min = 0, max = 2) int above,
            @ForAll @IntRange(min = 0, max = 2) int otherAbove,
            @ForAll @IntRange(min = 0, max = 6) int left,
            @ForAll @IntRange(min = 0, max = 5) int otherLeft) {
        Value sum = a.pad(above, left, 2 - above, 6 - left)
                .add(b.pad(otherAbove, otherLeft, 2 - otherAbove, 5 - otherLeft));
        SameFunction.check(Graph.of("y", sum), Graph.of("y", ConstantFolding.fold(sum)), 0);
    }

    @Test
    void bordersThatAreNotZeroKeepBlocksApart() {
        Attributes ones = Attributes.of("pads", new int[] {0, 3, 0, 0}, "mode", "constant")
                .with("value", 1.0);
        Value sum = a.pad(0, 0, 0, 4).add(Value.of(Op.PAD, ones, b));
        assertThat(ConstantFolding.fold(sum)).isSameAs(sum);
    }

    @Test
    void theGradientOfASplitIsAConcatenation() {
        Value x = Value.input("x", DataType.FLOAT64, Shape.of(2, 7));
        Value loss = x.slice(1, 0, 3).square().sum().add(x.slice(1, 3, 7).exp().sum());
        Graph gradient = Graph.of("dx", Gradients.of(loss, List.of(x)).get(0));
        Graph folded = ConstantFolding.apply(gradient);
        assertThat(folded.output("dx").op()).isEqualTo(Op.CONCAT);
        SameFunction.check(gradient, folded, 1e-12);
    }
}
