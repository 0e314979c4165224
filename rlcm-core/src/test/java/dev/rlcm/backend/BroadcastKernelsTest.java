package dev.rlcm.backend;

import static dev.rlcm.backend.Evaluation.doubles;
import static dev.rlcm.backend.Evaluation.longs;
import static dev.rlcm.backend.Evaluation.reals;
import static dev.rlcm.backend.Evaluation.vector;
import static dev.rlcm.backend.Evaluation.wholes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class BroadcastKernelsTest {
    private static final Value NAN = Value.scalar(DataType.FLOAT64, Double.NaN);

    @Test
    void arithmeticOnReals() {
        Value a = vector(7, -7, 6);
        Value b = vector(2, 2, -4);
        assertThat(doubles(a.add(b))).containsExactly(9, -5, 2);
        assertThat(doubles(a.sub(b))).containsExactly(5, -9, 10);
        assertThat(doubles(a.mul(b))).containsExactly(14, -14, -24);
        assertThat(doubles(a.div(b))).containsExactly(3.5, -3.5, -1.5);
        assertThat(doubles(a.pow(b))).containsExactly(new double[] {49, 49, 1.0 / 1296}, within(1e-15));
        assertThat(doubles(a.min(b))).containsExactly(2, -7, -4);
        assertThat(doubles(a.max(b))).containsExactly(7, 2, 6);
    }

    @Test
    void arithmeticOnIntegers() {
        Value a = wholes(7, -7, 6);
        Value b = wholes(2, 2, 4);
        assertThat(longs(a.add(b))).containsExactly(9, -5, 10);
        assertThat(longs(a.sub(b))).containsExactly(5, -9, 2);
        assertThat(longs(a.mul(b))).containsExactly(14, -14, 24);
        assertThat(longs(a.pow(b))).containsExactly(49, 49, 1296);
        assertThat(longs(a.min(b))).containsExactly(2, -7, 4);
        assertThat(longs(a.max(b))).containsExactly(7, 2, 6);
    }

    @Test
    void integerDivisionTruncatesTowardsZero() {
        assertThat(longs(wholes(7, -7, 7, -7).div(wholes(2, 2, -2, -2)))).containsExactly(3, -3, -3, 3);
    }

    @Test
    void integerDivisionByZeroNamesTheNode() {
        Value quotient = Value.of(Op.DIV, Attributes.NONE, List.of(wholes(1), wholes(0)), "/ratio");
        assertThatThrownBy(() -> doubles(quotient))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("DIV /ratio");
    }

    @Test
    void realDivisionByZeroIsInfiniteOrNan() {
        assertThat(doubles(vector(1, -1, 0).div(0)))
                .containsExactly(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN);
    }

    /** The operands of the ONNX specification's mod_mixed_sign examples. */
    @Test
    void remainderHasTheSignOfTheDivisor() {
        assertThat(longs(mod(wholes(-4, 7, 5, 4, -7, 8), wholes(2, -3, 8, -2, 3, 5))))
                .containsExactly(0, -2, 5, 0, 2, 3);
        assertThat(doubles(mod(vector(-4.5, 4.5, 4.5), vector(2, 2, -2)))).containsExactly(1.5, 0.5, -1.5);
    }

    @Test
    void integersWrapAroundAtTheirWidth() {
        Value large = Value.scalar(DataType.INT32, Integer.MAX_VALUE);
        assertThat(longs(large.add(1))).containsExactly(Integer.MIN_VALUE);
        Value bytes = Value.scalar(DataType.UINT8, 200);
        assertThat(longs(bytes.add(bytes))).containsExactly(144);
    }

    @Test
    void minAndMaxPropagateNan() {
        assertThat(doubles(vector(1).min(NAN))).containsExactly(Double.NaN);
        assertThat(doubles(NAN.max(vector(1)))).containsExactly(Double.NaN);
    }

    @Test
    void comparisonsGiveTruthValues() {
        Value a = vector(1, 2, 3);
        assertThat(longs(a.equal(vector(2)))).containsExactly(0, 1, 0);
        assertThat(longs(a.less(vector(2)))).containsExactly(1, 0, 0);
        assertThat(longs(a.lessOrEqual(vector(2)))).containsExactly(1, 1, 0);
        assertThat(longs(a.greater(vector(2)))).containsExactly(0, 0, 1);
        assertThat(longs(a.greaterOrEqual(vector(2)))).containsExactly(0, 1, 1);
        Value whole = wholes(1, 2, 3);
        assertThat(longs(whole.equal(wholes(2)))).containsExactly(0, 1, 0);
        assertThat(longs(whole.less(wholes(2)))).containsExactly(1, 0, 0);
        assertThat(longs(whole.lessOrEqual(wholes(2)))).containsExactly(1, 1, 0);
        assertThat(longs(whole.greater(wholes(2)))).containsExactly(0, 0, 1);
        assertThat(longs(whole.greaterOrEqual(wholes(2)))).containsExactly(0, 1, 1);
        assertThat(Evaluation.evaluate(a.less(vector(2))).type()).isEqualTo(DataType.BOOL);
    }

    @Test
    void nanComparesFalse() {
        assertThat(longs(NAN.equal(NAN))).containsExactly(0);
        assertThat(longs(NAN.lessOrEqual(NAN))).containsExactly(0);
    }

    @Test
    void logicFollowsItsTruthTables() {
        Value a = truths(0, 0, 1, 1);
        Value b = truths(0, 1, 0, 1);
        assertThat(longs(a.and(b))).containsExactly(0, 0, 0, 1);
        assertThat(longs(Value.of(Op.OR, Attributes.NONE, a, b))).containsExactly(0, 1, 1, 1);
        assertThat(longs(Value.of(Op.XOR, Attributes.NONE, a, b))).containsExactly(0, 1, 1, 0);
    }

    @Test
    void whereBroadcastsAllThreeOperands() {
        Value condition = truths(1, 0).reshape(2, 1);
        assertThat(doubles(condition.where(vector(1, 2), NAN))).containsExactly(1, 2, Double.NaN, Double.NaN);
        assertThat(longs(condition.where(wholes(1, 2), wholes(9)))).containsExactly(1, 2, 9, 9);
    }

    @Test
    void operandsOfDifferentRanksAreMatchedFromTheEnd() {
        Value matrix = reals(Shape.of(2, 2), 1, 2, 3, 4);
        assertThat(doubles(matrix.add(vector(10, 20)))).containsExactly(11, 22, 13, 24);
        assertThat(doubles(matrix.add(reals(Shape.of(2, 1), 10, 20)))).containsExactly(11, 12, 23, 24);
        assertThat(doubles(reals(Shape.of(2, 1), 10, 20).sub(vector(1, 2, 3)))).containsExactly(9, 8, 7, 19, 18, 17);
        assertThat(doubles(matrix.mul(reals(Shape.SCALAR, 2)))).containsExactly(2, 4, 6, 8);
    }

    @Property(tries = 100)
    void broadcastingCommutes(@ForAll("shapePairs") Shape[] shapes, @ForAll long seed) {
        Random random = new Random(seed);
        Value a = Evaluation.random(random, shapes[0].toArray());
        Value b = Evaluation.random(random, shapes[1].toArray());
        assertThat(doubles(a.add(b))).containsExactly(doubles(b.add(a)));
        assertThat(doubles(a.mul(b))).containsExactly(doubles(b.mul(a)));
        assertThat(doubles(a.sub(b))).containsExactly(doubles(b.sub(a).neg()));
    }

    /** Expanding both operands first changes nothing. */
    @Property(tries = 100)
    void broadcastingIsExpansion(@ForAll("shapePairs") Shape[] shapes, @ForAll long seed) {
        Random random = new Random(seed);
        Value a = Evaluation.random(random, shapes[0].toArray());
        Value b = Evaluation.random(random, shapes[1].toArray());
        Shape common = Shape.broadcast(shapes[0], shapes[1]);
        assertThat(doubles(a.div(b))).containsExactly(doubles(a.expand(common).div(b.expand(common))));
    }

    /** The pairs with which ONNX Runtime's gradient checker tests its binary operators, and an empty one. */
    @Provide
    static Arbitrary<Shape[]> shapePairs() {
        return Arbitraries.of(
                new Shape[] {Shape.of(2, 3, 4), Shape.of(2, 3, 4)},
                new Shape[] {Shape.of(2, 3, 4), Shape.SCALAR},
                new Shape[] {Shape.of(2, 3, 4), Shape.of(1)},
                new Shape[] {Shape.of(2, 3, 4), Shape.of(4)},
                new Shape[] {Shape.of(2, 3, 4), Shape.of(3, 1)},
                new Shape[] {Shape.of(2, 1, 4), Shape.of(3, 1)},
                new Shape[] {Shape.of(1, 3, 1), Shape.of(2, 1, 4)},
                new Shape[] {Shape.SCALAR, Shape.SCALAR},
                new Shape[] {Shape.of(0, 3), Shape.of(1, 3)});
    }

    private static Value truths(double... values) {
        return vector(values).cast(DataType.BOOL);
    }

    private static Value mod(Value a, Value b) {
        return Value.of(Op.MOD, Attributes.NONE, a, b);
    }
}
