package dev.rlcm.backend;

import static dev.rlcm.backend.Evaluation.doubles;
import static dev.rlcm.backend.Evaluation.random;
import static dev.rlcm.backend.Evaluation.reals;
import static dev.rlcm.backend.Evaluation.vector;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class NormalisationKernelsTest {
    private static final double HIDDEN = Double.NEGATIVE_INFINITY;

    @Test
    void softmaxOfLogarithmsIsProportion() {
        assertThat(doubles(vector(Math.log(1), Math.log(2), Math.log(5)).softmax(0)))
                .containsExactly(new double[] {0.125, 0.25, 0.625}, within(1e-15));
    }

    @Test
    void softmaxNeitherOverflowsNorHidesAnAllInfiniteLine() {
        assertThat(doubles(vector(1000, 1000).softmax(0))).containsExactly(0.5, 0.5);
        assertThat(doubles(reals(Shape.of(2, 2), 3, HIDDEN, HIDDEN, HIDDEN).softmax(1)))
                .containsExactly(1, 0, Double.NaN, Double.NaN);
    }

    @Property(tries = 30)
    void softmaxSumsToOneAlongItsAxisAndLogSoftmaxIsItsLogarithm(
            @ForAll @IntRange(max = 2) int axis, @ForAll long seed) {
        Value x = random(new Random(seed), 2, 3, 4).mul(5);
        assertThat(Arrays.stream(doubles(x.softmax(axis).sum(false, axis)))
                        .map(s -> s - 1)
                        .toArray())
                .usingComparatorWithPrecision(1e-14)
                .containsOnly(0);
        Value logarithms = Value.of(Op.LOG_SOFTMAX, Attributes.of("axis", axis), x);
        assertThat(doubles(logarithms)).containsExactly(doubles(x.softmax(axis).log()), within(1e-12));
    }

    @Test
    void logSoftmaxStaysFiniteWhereSoftmaxVanishes() {
        assertThat(doubles(Value.of(Op.LOG_SOFTMAX, Attributes.of("axis", 0), vector(0, -2000))))
                .containsExactly(0, -2000);
    }

    /** Deviations (-1, 1) and (-3, 3); population variances 1 and 9. */
    @Test
    void instanceNormUsesThePopulationVarianceOfEachChannel() {
        Value x = reals(Shape.of(1, 2, 2), 4, 6, -3, 3);
        Value y = Value.of(Op.INSTANCE_NORM, Attributes.of("epsilon", 7.0), x, vector(1, 10), vector(0, 100));
        assertThat(doubles(y))
                .containsExactly(
                        new double[] {-1 / Math.sqrt(8), 1 / Math.sqrt(8), 100 - 30 / 4.0, 100 + 30 / 4.0},
                        within(1e-13));
    }

    @Property(tries = 30)
    void instanceNormHasMeanBiasAndDeviationScale(@ForAll long seed) {
        Random random = new Random(seed);
        Value scale = random(random, 3);
        Value bias = random(random, 3);
        Value y = Value.of(Op.INSTANCE_NORM, Attributes.of("epsilon", 0.0), random(random, 2, 3, 4, 5), scale, bias);
        Value mean = y.mean(true, 2, 3);
        Value variance = y.sub(mean).square().mean(false, 2, 3);
        Shape channels = Shape.of(2, 3);
        assertThat(doubles(mean)).containsExactly(doubles(bias.expand(channels)), within(1e-13));
        assertThat(doubles(variance)).containsExactly(doubles(scale.square().expand(channels)), within(1e-12));
    }

    /** One group: deviations of (1, 3, 5, 7) from 4 are (-3, -1, 1, 3), variance 5. */
    @Test
    void groupNormSharesStatisticsWithinAGroup() {
        Value x = reals(Shape.of(1, 2, 2), 1, 3, 5, 7);
        Value y = Value.of(Op.GROUP_NORM, Attributes.of("groups", 1, "epsilon", 4.0), x, vector(3, 6), vector(10, 20));
        assertThat(doubles(y)).containsExactly(new double[] {7, 9, 22, 26}, within(1e-13));
    }

    @Property(tries = 20)
    void groupNormWithOneChannelAGroupIsInstanceNorm(@ForAll long seed) {
        Random random = new Random(seed);
        Value x = random(random, 2, 3, 4, 2);
        Value scale = random(random, 3);
        Value bias = random(random, 3);
        Attributes epsilon = Attributes.of("epsilon", 1e-5);
        assertThat(doubles(Value.of(Op.GROUP_NORM, epsilon.with("groups", 3), x, scale, bias)))
                .containsExactly(doubles(Value.of(Op.INSTANCE_NORM, epsilon, x, scale, bias)));
    }

    @Test
    void layerNormNormalisesTheLastAxes() {
        Value x = reals(Shape.of(2, 2), 4, 6, -3, 3);
        Attributes rows = Attributes.of("axis", 1, "epsilon", 0.0);
        assertThat(doubles(Value.of(Op.LAYER_NORM, rows, x, vector(2, 3))))
                .containsExactly(new double[] {-2, 3, -2, 3}, within(1e-14));
        assertThat(doubles(Value.of(Op.LAYER_NORM, rows, x, vector(2), vector(10, 20))))
                .containsExactly(new double[] {8, 22, 8, 22}, within(1e-14));
    }

    @Property(tries = 20)
    void layerNormOverSeveralAxesEqualsItsFormula(@ForAll long seed) {
        Random random = new Random(seed);
        Value x = random(random, 3, 2, 4);
        Value scale = random(random, 2, 4);
        Value bias = random(random, 4);
        Value centred = x.sub(x.mean(true, 1, 2));
        Value formula = centred.div(centred.square().mean(true, 1, 2).add(0.1).sqrt())
                .mul(scale)
                .add(bias);
        Value y = Value.of(Op.LAYER_NORM, Attributes.of("axis", 1, "epsilon", 0.1), x, scale, bias);
        assertThat(doubles(y)).containsExactly(doubles(formula), within(1e-13));
    }
}
