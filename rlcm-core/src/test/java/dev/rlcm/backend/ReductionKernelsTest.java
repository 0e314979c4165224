package dev.rlcm.backend;

import static dev.rlcm.backend.Evaluation.doubles;
import static dev.rlcm.backend.Evaluation.longs;
import static dev.rlcm.backend.Evaluation.random;
import static dev.rlcm.backend.Evaluation.reals;
import static dev.rlcm.backend.Evaluation.vector;
import static dev.rlcm.backend.Evaluation.wholes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class ReductionKernelsTest {
    private static final Value CUBE = reals(Shape.of(2, 2, 2), 1, 2, 3, 4, 5, 6, 7, 8);
    private static final Value EMPTY = Value.constant(TensorData.zeros(DataType.FLOAT64, Shape.of(0, 2)));

    @Test
    void sumAddsOverTheAxes() {
        assertThat(doubles(CUBE.sum(false, 1))).containsExactly(4, 6, 12, 14);
        assertThat(doubles(CUBE.sum(false, 0, 2))).containsExactly(14, 22);
        assertThat(doubles(CUBE.sum())).containsExactly(36);
        assertThat(Evaluation.evaluate(CUBE.sum(true, 0, 2)).shape()).isEqualTo(Shape.of(1, 2, 1));
    }

    @Test
    void meanMaxMinAndProductReduceLikewise() {
        assertThat(doubles(CUBE.mean(false, 2))).containsExactly(1.5, 3.5, 5.5, 7.5);
        assertThat(doubles(CUBE.neg().reduceMax(true, 1))).containsExactly(-1, -2, -5, -6);
        assertThat(doubles(CUBE.reduce(Op.REDUCE_MIN, false, 0))).containsExactly(1, 2, 3, 4);
        assertThat(doubles(CUBE.reduce(Op.REDUCE_PROD, false, 1, 2))).containsExactly(24, 1680);
    }

    @Test
    void integersStayIntegers() {
        Value x = wholes(Shape.of(2, 2), 1, 2, -3, 6);
        assertThat(longs(x.sum(false, 1))).containsExactly(3, 3);
        assertThat(longs(x.mean(false, 1))).containsExactly(1, 1);
        assertThat(longs(x.reduceMax(false, 0))).containsExactly(1, 6);
        assertThat(longs(x.reduce(Op.REDUCE_MIN, false, 0))).containsExactly(-3, 2);
        assertThat(longs(x.reduce(Op.REDUCE_PROD, false, 0))).containsExactly(-3, 12);
    }

    @Test
    void emptyReductionsGiveTheNeutralElement() {
        assertThat(doubles(EMPTY.sum(false, 0))).containsExactly(0, 0);
        assertThat(doubles(EMPTY.reduce(Op.REDUCE_PROD, false, 0))).containsExactly(1, 1);
        assertThat(doubles(EMPTY.mean(false, 0))).containsExactly(Double.NaN, Double.NaN);
        assertThat(doubles(EMPTY.sum(false, 1))).isEmpty();
    }

    @Test
    void nanPropagatesThroughMaxAndSum() {
        assertThat(doubles(vector(1, Double.NaN).reduceMax(false, 0))).containsExactly(Double.NaN);
        assertThat(doubles(vector(1, Double.NaN).sum())).containsExactly(Double.NaN);
    }

    @Property(tries = 30)
    void reducingAxesOneByOneIsReducingThemTogether(@ForAll long seed) {
        Value x = random(new Random(seed), 2, 3, 4);
        assertThat(doubles(x.sum(false, 0, 2)))
                .containsExactly(doubles(x.sum(false, 2).sum(false, 0)), within(1e-13));
        assertThat(doubles(x.mean(false, 1, 2)))
                .containsExactly(doubles(x.mean(true, 2).mean(false, 1, 2)), within(1e-14));
    }

    @Test
    void argMaxTakesTheFirstOrLastOfEqualMaxima() {
        Value x = reals(Shape.of(2, 3), 5, 1, 5, 0, 2, 1);
        assertThat(longs(argMax(x, 1, false))).containsExactly(0, 1);
        assertThat(longs(argMax(x, 1, true))).containsExactly(2, 1);
        assertThat(longs(argMax(x, 0, false))).containsExactly(0, 1, 0);
        assertThat(longs(argMax(wholes(1, 4, 4), 0, true))).containsExactly(2);
    }

    @Test
    void topKSortsAndGivesTheFirstOfEqualsFirst() {
        Value x = vector(2, 5, 1, 5, 2);
        assertThat(longs(topK(x, 0, 4, true))).containsExactly(1, 3, 0, 4);
        assertThat(longs(topK(x, 0, 3, false))).containsExactly(2, 0, 4);
        assertThat(longs(topK(wholes(Shape.of(2, 3), 1, 9, 5, 7, 2, 5), 0, 1, true)))
                .containsExactly(1, 0, 0);
        assertThat(longs(topK(wholes(Shape.of(2, 3), 1, 9, 5, 7, 2, 6), 1, 2, false)))
                .containsExactly(0, 2, 1, 2);
    }

    private static Value topK(Value x, int axis, int k, boolean largest) {
        return Value.of(Op.TOP_K, Attributes.of("axis", axis, "k", k).with("largest", largest), x);
    }

    @Test
    void cumulativeSumIsInclusiveExclusiveOrReversed() {
        Value x = vector(1, 2, 3);
        assertThat(doubles(cumSum(x, 0, false, false))).containsExactly(1, 3, 6);
        assertThat(doubles(cumSum(x, 0, true, false))).containsExactly(0, 1, 3);
        assertThat(doubles(cumSum(x, 0, false, true))).containsExactly(6, 5, 3);
        assertThat(doubles(cumSum(x, 0, true, true))).containsExactly(5, 3, 0);
        Value matrix = wholes(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
        assertThat(longs(cumSum(matrix, 0, false, false))).containsExactly(1, 2, 3, 5, 7, 9);
        assertThat(longs(cumSum(matrix, 1, true, false))).containsExactly(0, 1, 3, 0, 4, 9);
    }

    private static Value argMax(Value x, int axis, boolean last) {
        return Value.of(
                Op.ARG_MAX, Attributes.of("axis", axis, "keepdims", false).with("last", last), x);
    }

    private static Value cumSum(Value x, int axis, boolean exclusive, boolean reverse) {
        Attributes attributes =
                Attributes.of("axis", axis, "exclusive", exclusive).with("reverse", reverse);
        return Value.of(Op.CUM_SUM, attributes, x);
    }
}
