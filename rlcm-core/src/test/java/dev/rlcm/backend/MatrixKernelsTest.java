package dev.rlcm.backend;

import static dev.rlcm.backend.Evaluation.doubles;
import static dev.rlcm.backend.Evaluation.longs;
import static dev.rlcm.backend.Evaluation.random;
import static dev.rlcm.backend.Evaluation.reals;
import static dev.rlcm.backend.Evaluation.wholes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class MatrixKernelsTest {
    private static final Value A = reals(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
    private static final Value B = reals(Shape.of(3, 2), 7, 8, 9, 10, 11, 12);

    @Test
    void matmulSumsRowsTimesColumns() {
        assertThat(doubles(A.matmul(B))).containsExactly(58, 64, 139, 154);
        assertThat(longs(wholes(Shape.of(1, 2), 3, 4).matmul(wholes(Shape.of(2, 1), 5, 6))))
                .containsExactly(39);
    }

    @Test
    void transposeFlagsSwapTheLastTwoAxes() {
        assertThat(doubles(A.matmul(A, false, true))).containsExactly(14, 32, 32, 77);
        assertThat(doubles(A.matmul(A, true, false))).containsExactly(17, 22, 27, 22, 29, 36, 27, 36, 45);
        assertThat(doubles(B.matmul(A, true, true))).containsExactly(58, 139, 64, 154);
    }

    @Property(tries = 60)
    void matmulEqualsTheSumOfProducts(
            @ForAll @IntRange(min = 1, max = 4) int rows,
            @ForAll @IntRange(min = 0, max = 5) int inner,
            @ForAll @IntRange(min = 1, max = 4) int columns,
            @ForAll long seed) {
        Random random = new Random(seed);
        Value a = random(random, 2, 1, rows, inner);
        Value b = random(random, 3, inner, columns);
        Value products = a.reshape(2, 1, rows, inner, 1).mul(b.reshape(3, 1, inner, columns));
        assertThat(doubles(a.matmul(b))).containsExactly(doubles(products.sum(false, 3)), within(1e-12));
    }

    /** Large enough for ND4J: each element against its sum of products. */
    @Test
    void largeMatmulEqualsTheSumOfProducts() {
        Random random = new Random(1);
        double[] a = random.doubles(70 * 150).toArray();
        double[] b = random.doubles(150 * 110).toArray();
        double[] expected = new double[70 * 110];
        for (int i = 0; i < expected.length; i++) {
            for (int k = 0; k < 150; k++) {
                expected[i] += a[i / 110 * 150 + k] * b[k * 110 + i % 110];
            }
        }
        assertThat(doubles(reals(Shape.of(70, 150), a).matmul(reals(Shape.of(150, 110), b))))
                .containsExactly(expected, within(1e-11));
    }

    @Property(tries = 30)
    void attentionIsSoftmaxOfScaledScoresTimesValues(@ForAll boolean masked, @ForAll long seed) {
        Random random = new Random(seed);
        Value q = random(random, 2, 3, 4, 5);
        Value k = random(random, 2, 3, 6, 5);
        Value v = random(random, 2, 3, 6, 2);
        Value mask = random(random, 2, 1, 1, 6);
        Value scores = q.matmul(k.transposed()).mul(0.3);
        Value composed = (masked ? scores.add(mask) : scores).softmax(3).matmul(v);
        Attributes scale = Attributes.of("scale", 0.3);
        Value attention =
                masked ? Value.of(Op.ATTENTION, scale, q, k, v, mask) : Value.of(Op.ATTENTION, scale, q, k, v);
        assertThat(doubles(attention)).containsExactly(doubles(composed), within(1e-13));
    }

    /** softmax(0, ln 3) = (1/4, 3/4). */
    @Test
    void attentionAveragesTheValues() {
        Value q = reals(Shape.of(1, 1), 2);
        Value k = reals(Shape.of(2, 1), 0, Math.log(3));
        Value v = reals(Shape.of(2, 2), 0, 4, 8, 0);
        assertThat(doubles(Value.of(Op.ATTENTION, Attributes.of("scale", 0.5), q, k, v)))
                .containsExactly(new double[] {6, 1}, within(1e-14));
    }

    @Test
    void maskOfMinusInfinityHidesAKeyAndAllKeysHiddenGiveNaN() {
        double hidden = Double.NEGATIVE_INFINITY;
        Value q = reals(Shape.of(2, 1), 1, 1);
        Value kv = reals(Shape.of(2, 1), 5, 6);
        Value mask = reals(Shape.of(2, 2), 0, hidden, hidden, hidden);
        assertThat(doubles(Value.of(Op.ATTENTION, Attributes.of("scale", 1.0), q, kv, kv, mask)))
                .containsExactly(5, Double.NaN);
    }
}
