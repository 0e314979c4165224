package dev.rlcm.rewrite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import org.junit.jupiter.api.Test;

final class ConstantFoldingTest {
    private static Value longs(long... values) {
        return Value.constant(TensorData.longs(Shape.of(values.length), values));
    }

    private static long[] folded(Value value) {
        Value result = ConstantFolding.fold(value);
        assertThat(result.op()).isEqualTo(Op.CONSTANT);
        assertThat(result.data().shape()).isEqualTo(value.shape());
        return result.data().toLongs();
    }

    @Test
    void longsAreExactBeyondThePrecisionOfDoubles() {
        long big = (1L << 53) + 1;
        assertThat(folded(longs(big).add(longs(2)))).containsExactly(big + 2);
        assertThat(folded(longs(big).mul(longs(3)))).containsExactly(3 * big);
        assertThat(folded(longs(big).max(longs(big - 1)))).containsExactly(big);
        assertThat(folded(longs(big).equal(longs(big - 1)))).containsExactly(0);
        assertThat(folded(longs(3).pow(longs(39)))).containsExactly(4052555153018976267L);
    }

    @Test
    void negativeStepsReadBackwards() {
        Value x = Value.constant(TensorData.longs(Shape.of(2, 3), 1, 2, 3, 4, 5, 6));
        assertThat(folded(x.slice(new int[] {1, 2}, new int[] {2, 2}, new int[] {-1, -2})))
                .containsExactly(6, 4, 3, 1);
    }

    @Test
    void addingZeroIsNothingUnlessItBroadcasts() {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(3));
        Value row = Value.constant(TensorData.zeros(DataType.FLOAT32, Shape.of(2, 3)));
        assertThat(ConstantFolding.fold(x.add(0))).isSameAs(x);
        Value widened = x.add(row);
        assertThat(ConstantFolding.fold(widened)).isSameAs(widened);
    }
}
