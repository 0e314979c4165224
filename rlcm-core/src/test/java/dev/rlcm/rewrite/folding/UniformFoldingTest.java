package dev.rlcm.rewrite.folding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import org.junit.jupiter.api.Test;

final class UniformFoldingTest {
    /** 8 GiB of floats: a test that allocated them would fail. */
    private static final Shape HUGE = Shape.of(8, 16384, 16384);

    private final Value x = Value.input("x", DataType.FLOAT32, HUGE);
    private final Value filled = Value.scalar(DataType.FLOAT32, 3).expand(HUGE);

    private static Value folded(Value value) {
        return ConstantFolding.apply(Graph.of("y", value)).output("y");
    }

    @Test
    void theZerosOfExportedAttentionDisappear() {
        assertThat(folded(x.mul(0.125).add(filled.mul(0))).in(0)).isSameAs(x);
        assertThat(folded(filled.mul(0).add(x))).isSameAs(x);
        assertThat(folded(x.sub(filled.sub(filled)))).isSameAs(x);
        assertThat(folded(filled.equal(filled).where(x, filled))).isSameAs(x);
    }

    @Test
    void anElementwiseResultStaysOneNumberBehindAnExpand() {
        Value result = folded(filled.mul(filled).neg().cast(DataType.FLOAT64));
        assertThat(result.op()).isEqualTo(Op.EXPAND);
        assertThat(result.in(0).isConstant(-9)).isTrue();
        assertThat(result.shape()).isEqualTo(HUGE);
        assertThat(result.type()).isEqualTo(DataType.FLOAT64);
    }

    @Test
    void whatDependsOnAnInputIsLeftAlone() {
        Value sum = x.add(filled);
        assertThat(folded(sum)).isSameAs(sum);
        Value broadcast = Value.input("row", DataType.FLOAT32, Shape.of(16384)).add(filled.mul(0));
        assertThat(folded(broadcast).shape()).isEqualTo(HUGE);
        assertThat(folded(broadcast).op()).isEqualTo(Op.ADD);
    }
}
