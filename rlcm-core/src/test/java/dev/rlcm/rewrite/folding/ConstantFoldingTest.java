package dev.rlcm.rewrite.folding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

final class ConstantFoldingTest {
    private static Value longs(long... values) {
        return Value.constant(TensorData.longs(Shape.of(values.length), values));
    }

    private static Value floats(float... values) {
        return Value.constant(TensorData.floats(Shape.of(values.length), values));
    }

    private static Value doubles(double... values) {
        return Value.constant(TensorData.doubles(Shape.of(values.length), values));
    }

    private static TensorData data(Value value) {
        Value result = ConstantFolding.fold(value);
        assertThat(result.op()).isEqualTo(Op.CONSTANT);
        assertThat(result.type()).isEqualTo(value.type());
        assertThat(result.shape()).isEqualTo(value.shape());
        return result.data();
    }

    private static void assertUnchanged(Value value) {
        assertThat(ConstantFolding.fold(value)).isSameAs(value);
    }

    @Property(tries = 200)
    void longArithmeticIsExactAndWrapsAround(@ForAll long a, @ForAll long b) {
        BigInteger x = BigInteger.valueOf(a);
        BigInteger y = BigInteger.valueOf(b);
        assertThat(data(longs(a).add(longs(b))).getLong(0)).isEqualTo(x.add(y).longValue());
        assertThat(data(longs(a).sub(longs(b))).getLong(0))
                .isEqualTo(x.subtract(y).longValue());
        assertThat(data(longs(a).mul(longs(b))).getLong(0))
                .isEqualTo(x.multiply(y).longValue());
        assertThat(data(longs(a).max(longs(b))).getLong(0)).isEqualTo(x.max(y).longValue());
        assertThat(data(longs(a).less(longs(b))).getLong(0)).isEqualTo(a < b ? 1 : 0);
        assertThat(data(longs(a, b).sum()).getLong(0)).isEqualTo(x.add(y).longValue());
        assertThat(data(longs(a).cast(DataType.INT32)).getLong(0)).isEqualTo(x.intValue());
    }

    @Property(tries = 200)
    void floatArithmeticRoundsToFloat(@ForAll float a, @ForAll float b) {
        assertThat(data(floats(a).add(floats(b))).toFloats()).containsExactly(a + b);
        assertThat(data(floats(a).mul(floats(b))).toFloats()).containsExactly(a * b);
        assertThat(data(floats(a).div(floats(b))).toFloats()).containsExactly(a / b);
    }

    @Test
    void longsKeepTheDigitsThatDoublesLose() {
        long big = (1L << 53) + 1;
        assertThat(data(longs(big).equal(longs(big - 1))).getLong(0)).isZero();
        assertThat(data(longs(3).pow(longs(39))).getLong(0)).isEqualTo(4052555153018976267L);
        assertThat(data(longs(big, big - 1).reduceMax(false, 0)).getLong(0)).isEqualTo(big);
        Value argMax = Value.of(
                Op.ARG_MAX, Attributes.of("axis", 0, "keepdims", false).with("last", false), longs(big - 1, big));
        assertThat(data(argMax).getLong(0)).isEqualTo(1);
    }

    @Test
    void whatHasNoValueIsLeftToTheRuntime() {
        assertUnchanged(longs(1).div(longs(0)));
        assertUnchanged(longs(0).pow(longs(-1)));
        assertUnchanged(longs(10).pow(longs(19)));
        assertUnchanged(longs(1, 2).gather(0, longs(2)));
        assertUnchanged(longs(1, 2).gather(0, longs(-3)));
        assertThat(data(doubles(1).div(doubles(0))).getDouble(0)).isEqualTo(Double.POSITIVE_INFINITY);
    }

    @Test
    void integersWrapAroundAtTheirWidth() {
        Value bytes = Value.constant(TensorData.generate(DataType.UINT8, Shape.of(2), i -> 200 + i));
        assertThat(data(bytes.add(bytes)).toLongs()).containsExactly(144, 146);
        Value ints = Value.constant(TensorData.generate(DataType.INT32, Shape.of(1), i -> Integer.MAX_VALUE));
        assertThat(data(ints.add(ints)).toLongs()).containsExactly(-2);
    }

    @Test
    void castsRoundOnceToTheHalfFormatsAndTruncateToIntegers() {
        Value x = doubles(1 + 0x1p-11, 1 + 3 * 0x1p-11, 65519, 65520, -0x1p-25, 0x1p-24, Double.NaN);
        assertThat(data(x.cast(DataType.FLOAT16)).toDoubles())
                .containsExactly(1, 1 + 0x1p-9, 65504, Double.POSITIVE_INFINITY, -0.0, 0x1p-24, Double.NaN);
        assertThat(data(doubles(1 + 0x1p-8, 1 + 3 * 0x1p-8).cast(DataType.BFLOAT16))
                        .toDoubles())
                .containsExactly(1, 1 + 0x1p-6);
        assertThat(data(doubles(2.9, -2.9, 0.5).cast(DataType.INT64)).toLongs()).containsExactly(2, -2, 0);
        assertThat(data(doubles(0.5, -0.0).cast(DataType.BOOL)).toLongs()).containsExactly(1, 0);
        // halfway between two floats by a last bit that a double drops: rounding twice would go down
        long justAboveHalf = (1L << 62) + (1L << 38) + 1;
        assertThat(data(longs(justAboveHalf).cast(DataType.FLOAT32)).getDouble(0))
                .isEqualTo(0x1p62 + 0x1p39);
    }

    @Test
    void halfPrecisionArithmeticRoundsToHalf() {
        Value one = Value.constant(TensorData.generate(DataType.FLOAT16, Shape.of(1), i -> 2048));
        assertThat(data(one.add(one.like(1))).getDouble(0)).isEqualTo(2048);
        assertThat(data(one.add(one.like(3))).getDouble(0)).isEqualTo(2052);
    }

    @Test
    void negativeStepsReadBackwards() {
        Value x = Value.constant(TensorData.longs(Shape.of(2, 3), 1, 2, 3, 4, 5, 6));
        assertThat(data(x.slice(new int[] {1, 2}, new int[] {2, 2}, new int[] {-1, -2}))
                        .toLongs())
                .containsExactly(6, 4, 3, 1);
    }

    @Test
    void everyElementTypeMoves() {
        for (DataType type : DataType.values()) {
            Value x = Value.constant(TensorData.generate(type, Shape.of(2, 3), i -> i % 2));
            assertThat(data(x.transposed()).toDoubles()).as(type.name()).containsExactly(0, 1, 1, 0, 0, 1);
            assertThat(data(Value.concat(0, List.of(x, x))).toDoubles())
                    .as(type.name())
                    .containsExactly(0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1);
        }
    }

    @Test
    void emptyTensorsFoldToo() {
        Value none = Value.constant(TensorData.zeros(DataType.FLOAT32, Shape.of(0, 3)));
        assertThat(data(none.transposed()).size()).isZero();
        assertThat(data(none.add(1)).size()).isZero();
        assertThat(data(none.sum(false, 0)).toDoubles()).containsExactly(0, 0, 0);
        Value joined = Value.concat(
                0, List.of(none, ConstantFolding.fold(floats(1, 2, 3).reshape(1, 3))));
        assertThat(data(joined).toDoubles()).containsExactly(1, 2, 3);
    }

    @Test
    void erfHasThePublishedValues() {
        // DLMF table 7.23(ii) and symmetry
        double[] erf = data(doubles(0, 0.5, 1, -1, 2, 6.5, 3).erf()).toDoubles();
        double[] expected = {
            0, 0.5204998778130465, 0.8427007929497149, -0.8427007929497149, 0.9953222650189527, 1, 0.9999779095030014
        };
        for (int i = 0; i < erf.length; i++) {
            assertThat(erf[i]).isCloseTo(expected[i], within(1e-15));
        }
    }

    @Test
    void largeWeightsMoveAndReshapingThemCopiesNothing() {
        int rows = 4096;
        int columns = 2048;
        TensorData weights = TensorData.zeros(DataType.FLOAT32, Shape.of(rows, columns));
        ByteBuffer bytes = weights.bytes();
        for (int i = 0; i < weights.size(); i++) {
            bytes.putInt(4 * i, i);
        }
        Value w = Value.constant(weights);

        ByteBuffer transposed = data(w.transposed()).bytes();
        ByteBuffer half = data(w.slice(0, rows / 2, rows)).bytes();
        ByteBuffer columnsOnly = data(w.slice(1, 7, 1007)).bytes();
        for (int i = 0; i < 1000; i++) {
            int row = i * 4 + 1;
            assertThat(transposed.getInt(4 * (i * rows + row))).isEqualTo(row * columns + i);
            assertThat(half.getInt(4 * i)).isEqualTo(rows / 2 * columns + i);
            assertThat(columnsOnly.getInt(4 * (row * 1000 + i))).isEqualTo(row * columns + 7 + i);
        }
        TensorData reshaped = data(w.reshape(columns, rows));
        bytes.putInt(0, 12345);
        assertThat(reshaped.bytes().getInt(0)).isEqualTo(12345);
    }

    @Test
    void foldingDoesNotInflateTheModel() {
        Value scalar = floats(1).reshape(Shape.SCALAR);
        Value one = ConstantFolding.fold(scalar);
        assertThat(data(one.expand(Shape.of(256, 256))).size()).isEqualTo(1 << 16);
        assertUnchanged(one.expand(Shape.of(257, 256)));
        Value row = Value.constant(TensorData.zeros(DataType.FLOAT32, Shape.of(1025)));
        Value column = Value.constant(TensorData.zeros(DataType.FLOAT32, Shape.of(1024, 1)));
        assertUnchanged(row.add(column));
        Value weights = Value.constant(TensorData.zeros(DataType.BOOL, Shape.of(1 << 21)));
        assertThat(data(weights.cast(DataType.UINT8)).size()).isEqualTo(1 << 21);
        Value square = Value.constant(TensorData.zeros(DataType.FLOAT32, Shape.of(65, 64)));
        assertUnchanged(square.matmul(square, false, true)); // too much work
        Value smaller = ConstantFolding.fold(square.slice(0, 0, 64));
        assertThat(data(smaller.matmul(smaller, false, true)).size()).isEqualTo(64 * 64);
    }

    @Test
    void aGraphFoldsThroughChainsAndKeepsItsInputs() {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(2, 3));
        Value dead = Value.input("dead", DataType.FLOAT32, Shape.of(1));
        Value shape = longs(2, 3).gather(0, longs(1)).mul(longs(2)).cast(DataType.FLOAT32);
        Graph graph = new Graph(List.of(dead, x), Map.of("y", x.mul(shape)));
        Graph folded = ConstantFolding.apply(graph);
        assertThat(folded.inputs()).containsExactly(dead, x);
        assertThat(folded.output("y").in(0)).isSameAs(x);
        assertThat(folded.output("y").in(1).isConstant(6)).isTrue();
    }
}
