package dev.rlcm.backend;

import static dev.rlcm.backend.Evaluation.doubles;
import static dev.rlcm.backend.Evaluation.random;
import static dev.rlcm.backend.Evaluation.reals;
import static dev.rlcm.backend.Evaluation.vector;
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
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class WindowKernelsTest {
    private static final Value NINE = reals(Shape.of(1, 1, 3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9);

    @Test
    void convCorrelatesWithoutFlippingTheKernel() {
        Value w = reals(Shape.of(1, 1, 2, 2), 1, 10, 100, 1000);
        assertThat(doubles(Value.of(Op.CONV, window(1, ints(1, 1), ints(0, 0, 0, 0), ints(1, 1)), NINE, w)))
                .containsExactly(1 + 20 + 400 + 5000, 2 + 30 + 500 + 6000, 4 + 50 + 700 + 8000, 5 + 60 + 800 + 9000);
    }

    @Test
    void convReadsZerosInThePaddingAndAddsTheBias() {
        Value w = reals(Shape.of(1, 1, 1, 2), 1, 10);
        assertThat(doubles(
                        Value.of(Op.CONV, window(1, ints(2, 3), ints(0, 1, 0, 0), ints(1, 1)), NINE, w, vector(0.5))))
                .containsExactly(10.5, 70.5);
    }

    @Test
    void convDilatesTheKernel() {
        Value x = reals(Shape.of(1, 1, 5), 1, 2, 3, 4, 5);
        Value w = reals(Shape.of(1, 1, 2), 1, 10);
        assertThat(doubles(Value.of(Op.CONV, window(1, ints(1), ints(0, 0), ints(3)), x, w)))
                .containsExactly(41, 52);
    }

    @Test
    void convGroupsSeeTheirOwnChannelsOnly() {
        Value x = reals(Shape.of(1, 4, 1), 1, 2, 3, 4);
        Value w = reals(Shape.of(2, 2, 1), 1, 10, 100, 1000);
        assertThat(doubles(Value.of(Op.CONV, window(2, ints(1), ints(0, 0), ints(1)), x, w)))
                .containsExactly(21, 4300);
    }

    @Property(tries = 20)
    void convWithAUnitKernelIsAMatrixProduct(@ForAll long seed) {
        Random random = new Random(seed);
        Value x = random(random, 2, 3, 4, 5);
        Value w = random(random, 6, 3, 1, 1);
        Value product = w.reshape(6, 3).matmul(x.reshape(2, 3, 20));
        assertThat(doubles(Value.of(Op.CONV, window(1, ints(1, 1), ints(0, 0, 0, 0), ints(1, 1)), x, w)))
                .containsExactly(doubles(product), within(1e-13));
    }

    @Property(tries = 20)
    void convIsLinearInItsInput(@ForAll long seed) {
        Random random = new Random(seed);
        Attributes window = window(2, ints(2, 1), ints(1, 0, 0, 2), ints(1, 2));
        Value x = random(random, 2, 4, 5, 4);
        Value z = random(random, 2, 4, 5, 4);
        Value w = random(random, 2, 2, 3, 2);
        Value sum = Value.of(Op.CONV, window, x.mul(3).add(z), w);
        Value sumOfConvs = Value.of(Op.CONV, window, x, w).mul(3).add(Value.of(Op.CONV, window, z, w));
        assertThat(doubles(sum)).containsExactly(doubles(sumOfConvs), within(1e-12));
    }

    /** The direct formula of the ONNX specification, one spatial axis. */
    @Property(tries = 100)
    void convEqualsItsFormula(
            @ForAll @IntRange(min = 1, max = 2) int group,
            @ForAll @IntRange(min = 1, max = 3) int stride,
            @ForAll @IntRange(min = 1, max = 2) int dilation,
            @ForAll @IntRange(max = 2) int begin,
            @ForAll @IntRange(max = 2) int end,
            @ForAll long seed) {
        Random random = new Random(seed);
        int length = 6;
        double[][][] x = new double[2][2 * group][length];
        double[][][] w = new double[3 * group][2][3];
        Value y = Value.of(
                Op.CONV,
                window(group, ints(stride), ints(begin, end), ints(dilation)),
                fill(x, random),
                fill(w, random));
        double[] actual = doubles(y);
        for (int i = 0; i < actual.length; i++) {
            int position = i % y.dim(2);
            int output = i / y.dim(2) % y.dim(1);
            int sample = i / y.dim(2) / y.dim(1);
            double expected = 0;
            for (int c = 0; c < 2; c++) {
                for (int k = 0; k < 3; k++) {
                    int at = position * stride + k * dilation - begin;
                    double read = at < 0 || at >= length ? 0 : x[sample][output / 3 * 2 + c][at];
                    expected += w[output][c][k] * read;
                }
            }
            assertThat(actual[i]).isCloseTo(expected, within(1e-12));
        }
    }

    /** The first example of the ONNX specification of ConvTranspose. */
    @Test
    void convTransposeSpreadsEachElementOverAWindow() {
        Value x = reals(Shape.of(1, 1, 3, 3), 0, 1, 2, 3, 4, 5, 6, 7, 8);
        Value w = Value.constant(TensorData.generate(DataType.FLOAT64, Shape.of(1, 2, 3, 3), i -> 1));
        Attributes window = window(1, ints(1, 1), ints(0, 0, 0, 0), ints(1, 1)).with("output_padding", ints(0, 0));
        double[] plane = {0, 1, 3, 3, 2, 3, 8, 15, 12, 7, 9, 21, 36, 27, 15, 9, 20, 33, 24, 13, 6, 13, 21, 15, 8};
        Value plain = Value.of(Op.CONV_TRANSPOSE, window, x, w);
        assertThat(doubles(plain.slice(1, 0, 1))).containsExactly(plane);
        assertThat(doubles(plain.slice(1, 1, 2))).containsExactly(plane);
        Value biased = Value.of(Op.CONV_TRANSPOSE, window, x, w, vector(0, 5));
        assertThat(doubles(biased.sub(plain).sum(false, 0, 2, 3))).containsExactly(0, 125);
    }

    @Property(tries = 60)
    void convTransposeIsTheAdjointOfConv(
            @ForAll @IntRange(min = 1, max = 2) int group,
            @ForAll @IntRange(min = 1, max = 2) int stride,
            @ForAll @IntRange(min = 1, max = 2) int dilation,
            @ForAll @IntRange(max = 1) int begin,
            @ForAll @IntRange(max = 2) int end,
            @ForAll long seed) {
        Random random = new Random(seed);
        Attributes window = window(group, ints(stride, 1), ints(begin, end, end, begin), ints(1, dilation));
        Value x = random(random, 2, 2 * group, 5, 6);
        Value w = random(random, 3 * group, 2, 2, 3);
        Value conv = Value.of(Op.CONV, window, x, w);
        Value y = random(random, conv.shape().toArray());
        int uncovered = (5 + begin + end - 2) % stride;
        Value adjoint = Value.of(Op.CONV_TRANSPOSE, window.with("output_padding", ints(uncovered, 0)), y, w);
        assertThat(adjoint.shape()).isEqualTo(x.shape());
        assertThat(doubles(conv.mul(y).sum())[0])
                .isCloseTo(doubles(x.mul(adjoint).sum())[0], within(1e-10));
    }

    @Test
    void maxPoolIgnoresThePadding() {
        Value pooled = Value.of(
                Op.MAX_POOL,
                Attributes.of("kernel_shape", ints(2, 2), "strides", ints(2, 2)).with("pads", ints(1, 1, 0, 0)),
                NINE.neg());
        assertThat(doubles(pooled)).containsExactly(-1, -2, -4, -5);
    }

    @Test
    void averagePoolCountsThePaddingOnRequest() {
        Attributes pool =
                Attributes.of("kernel_shape", ints(2, 2), "strides", ints(2, 2)).with("pads", ints(1, 1, 0, 0));
        assertThat(doubles(Value.of(Op.AVERAGE_POOL, pool.with("count_include_pad", false), NINE)))
                .containsExactly(1, 2.5, 5.5, 7);
        assertThat(doubles(Value.of(Op.AVERAGE_POOL, pool.with("count_include_pad", true), NINE)))
                .containsExactly(0.25, 1.25, 2.75, 7);
    }

    private static Attributes window(int group, int[] strides, int[] pads, int[] dilations) {
        return Attributes.of("strides", strides, "pads", pads)
                .with("dilations", dilations)
                .with("group", group);
    }

    private static int[] ints(int... values) {
        return values;
    }

    private static Value fill(double[][][] values, Random random) {
        double[] flat = new double[values.length * values[0].length * values[0][0].length];
        int i = 0;
        for (double[][] matrix : values) {
            for (double[] row : matrix) {
                for (int j = 0; j < row.length; j++) {
                    row[j] = random.nextGaussian();
                    flat[i++] = row[j];
                }
            }
        }
        return reals(Shape.of(values.length, values[0].length, values[0][0].length), flat);
    }
}
