package dev.rlcm.backend;

import static dev.rlcm.backend.Evaluation.doubles;
import static dev.rlcm.backend.Evaluation.longs;
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
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScalarKernelsTest {
    @ParameterizedTest
    @CsvSource({
        "EXP,1,2.718281828459045",
        "LOG,10,2.302585092994046",
        "LOG,0,-Infinity",
        "SQRT,2,1.4142135623730951",
        "SQRT,-1,NaN",
        "SIN,1,0.8414709848078965",
        "COS,1,0.5403023058681398",
        "ATAN,1,0.7853981633974483",
        "TANH,0.5,0.46211715726000973",
        "SIGMOID,2,0.8807970779778823",
        "SIGMOID,-800,0",
        "SIGMOID,-2,0.11920292202211755",
        "ERF,0.5,0.5204998778130465",
        "ERF,-Infinity,-1",
        "FLOOR,-1.5,-2",
        "CEIL,-1.5,-1",
        "ROUND,0.5,0",
        "ROUND,1.5,2",
        "ROUND,-2.5,-2",
        "SOFTPLUS,1,1.3132616875182228",
        "SOFTPLUS,800,800",
        "SOFTPLUS,-800,0",
        "NEG,3,-3",
        "ABS,-3,3",
        "SIGN,-3,-1",
        "SIGN,0,0",
        "RELU,-3,0",
        "RELU,3,3",
        "RELU,NaN,NaN"
    })
    void functionHasItsMathematicalValue(Op op, double x, double expected) {
        double actual = doubles(vector(x).unary(op))[0];
        if (Double.isFinite(expected)) {
            assertThat(actual).isCloseTo(expected, within(1e-14));
        } else {
            assertThat(actual).isEqualTo(Double.valueOf(expected)); // boxed: NaN equals NaN
        }
    }

    @Test
    void leakyReluAndEluBendAtZero() {
        Value x = vector(-2, 0, 3);
        assertThat(doubles(Value.of(Op.LEAKY_RELU, Attributes.of("alpha", 0.1), x)))
                .containsExactly(new double[] {-0.2, 0, 3}, within(1e-15));
        assertThat(doubles(Value.of(Op.ELU, Attributes.of("alpha", 2.0), x)))
                .containsExactly(new double[] {2 * (Math.exp(-2) - 1), 0, 3}, within(1e-15));
    }

    @Test
    void swishIsTheInputTimesItsScaledSigmoid() {
        assertThat(doubles(Value.of(Op.SWISH, Attributes.of("alpha", 1.702), vector(1, -1))))
                .containsExactly(new double[] {1 / (1 + Math.exp(-1.702)), -1 / (1 + Math.exp(1.702))}, within(1e-15));
    }

    /** Values of the normal distribution function: Phi(1) = 0.841344746..., Phi(-2) = 0.022750131... */
    @Test
    void geluIsTheInputTimesTheNormalDistributionFunction() {
        assertThat(doubles(Value.of(Op.GELU, Attributes.of("approximate", "none"), vector(1, -2))))
                .containsExactly(new double[] {0.841344746068543, -2 * 0.0227501319481792}, within(1e-14));
    }

    @Property
    void tanhGeluIsWithinAThousandthOfGelu(@ForAll @DoubleRange(min = -6, max = 6) double x) {
        double exact = doubles(Value.of(Op.GELU, Attributes.of("approximate", "none"), vector(x)))[0];
        double approximate = doubles(Value.of(Op.GELU, Attributes.of("approximate", "tanh"), vector(x)))[0];
        assertThat(approximate).isCloseTo(exact, within(1e-3));
    }

    @Test
    void clipBoundsRealsAndIntegers() {
        assertThat(doubles(vector(-3, 0.5, 3, Double.NaN).clip(-1, Double.POSITIVE_INFINITY)))
                .containsExactly(-1, 0.5, 3, Double.NaN);
        assertThat(longs(wholes(-3, 0, 3).clip(Double.NEGATIVE_INFINITY, 1.5))).containsExactly(-3, 0, 1);
    }

    @Test
    void integersKeepTheirKind() {
        assertThat(longs(wholes(-3, 0, 3).neg())).containsExactly(3, 0, -3);
        assertThat(longs(wholes(-3, 0, 3).abs())).containsExactly(3, 0, 3);
        assertThat(longs(wholes(-3, 0, 3).sign())).containsExactly(-1, 0, 1);
        assertThat(longs(wholes(-3, 0, 3).unary(Op.RELU))).containsExactly(0, 0, 3);
    }

    @Test
    void castToIntegerTruncatesTowardsZero() {
        assertThat(longs(vector(-1.9, 1.9).cast(DataType.INT64))).containsExactly(-1, 1);
    }

    @Test
    void castToNarrowIntegerWrapsAround() {
        assertThat(longs(wholes(300, -1).cast(DataType.UINT8))).containsExactly(44, 255);
        assertThat(longs(wholes(200).cast(DataType.INT8))).containsExactly(-56);
        assertThat(longs(wholes(1L << 32).cast(DataType.INT32))).containsExactly(0);
        assertThat(longs(wholes(40_000).cast(DataType.INT16))).containsExactly(-25_536);
    }

    @Test
    void castToBooleanAsksWhetherNotZero() {
        assertThat(longs(vector(0, 0.1, Double.NaN).cast(DataType.BOOL))).containsExactly(0, 1, 1);
        assertThat(longs(wholes(0, 7).cast(DataType.BOOL))).containsExactly(0, 1);
    }

    @Test
    void castToNarrowRealDoesNotRound() {
        assertThat(doubles(vector(0.1).cast(DataType.FLOAT16).cast(DataType.FLOAT64)))
                .containsExactly(0.1);
    }

    @Test
    void castOfBooleanGivesZeroOrOne() {
        Value truths = vector(0, 2).cast(DataType.BOOL);
        assertThat(doubles(truths.cast(DataType.FLOAT32))).containsExactly(0, 1);
        assertThat(longs(truths.unary(Op.NOT))).containsExactly(1, 0);
    }

    @Test
    void isNanFindsNotANumberOnly() {
        assertThat(longs(vector(Double.NaN, 1, Double.POSITIVE_INFINITY).unary(Op.IS_NAN)))
                .containsExactly(1, 0, 0);
    }

    @Test
    void scalarsAndEmptyTensorsKeepTheirShape() {
        assertThat(doubles(Value.scalar(DataType.FLOAT64, 4).sqrt())).containsExactly(2);
        Value empty = Value.constant(TensorData.zeros(DataType.FLOAT64, Shape.of(2, 0)));
        assertThat(Evaluation.evaluate(empty.exp()).shape()).isEqualTo(Shape.of(2, 0));
    }
}
