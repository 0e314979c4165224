package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class TokenVectorsTest {
    private static final int WIDTH = 4;

    @Property
    void coverageIsACosine(@ForAll("texts") List<List<Float>> a, @ForAll("texts") List<List<Float>> b) {
        assertThat(tokens(a).coverage(tokens(b))).isBetween(-1 - 1e-12, 1 + 1e-12);
    }

    @Property
    void aTextCoversItself(@ForAll("texts") List<List<Float>> a) {
        Assume.that(a.stream().noneMatch(row -> row.stream().allMatch(value -> value == 0)));
        assertThat(tokens(a).coverage(tokens(a))).isCloseTo(1, within(1e-12));
    }

    @Property
    void moreToMatchWithNeverCoversLess(
            @ForAll("texts") List<List<Float>> a,
            @ForAll("texts") List<List<Float>> b,
            @ForAll("texts") List<List<Float>> more) {
        List<List<Float>> longer = new ArrayList<>(b);
        longer.addAll(more);
        assertThat(tokens(a).coverage(tokens(longer)))
                .isGreaterThanOrEqualTo(tokens(a).coverage(tokens(b)));
    }

    @Property
    void neitherOrderNorLengthsOfVectorsMatter(
            @ForAll("texts") List<List<Float>> a,
            @ForAll("texts") List<List<Float>> b,
            @ForAll Random random,
            @ForAll @DoubleRange(min = 0.1, max = 10) double scale) {
        double expected = tokens(a).coverage(tokens(b));
        List<List<Float>> shuffledA = new ArrayList<>(a);
        List<List<Float>> shuffledB = new ArrayList<>(b.stream()
                .map(row -> row.stream().map(value -> (float) (value * scale)).toList())
                .toList());
        Collections.shuffle(shuffledA, random);
        Collections.shuffle(shuffledB, random);
        assertThat(tokens(shuffledA).coverage(tokens(shuffledB))).isCloseTo(expected, within(1e-5));
    }

    @Test
    void tokensWithoutWeightCanBeMatchedButDoNotCount() {
        TensorData axes = TensorData.floats(Shape.of(2, 2), 1, 0, 0, 1);
        TokenVectors first = TokenVectors.of(axes, i -> i == 0 ? 1 : 0);
        TokenVectors second = TokenVectors.of(TensorData.floats(Shape.of(1, 2), 0, 3), i -> 1);
        assertThat(first.coverage(second)).isEqualTo(0);
        assertThat(second.coverage(first)).isEqualTo(1);
    }

    @Test
    void weightsAreRelative() {
        TensorData axes = TensorData.floats(Shape.of(2, 2), 1, 0, 0, 1);
        TokenVectors other = TokenVectors.of(TensorData.floats(Shape.of(1, 2), 1, 0), i -> 1);
        assertThat(TokenVectors.of(axes, i -> i == 0 ? 6 : 2).coverage(other)).isEqualTo(0.75);
    }

    @Test
    void withoutWeightOrPartnerCoverageIsZero() {
        TokenVectors one = TokenVectors.of(TensorData.floats(Shape.of(1, 2), 1, 1), i -> 1);
        TokenVectors weightless = TokenVectors.of(TensorData.floats(Shape.of(1, 2), 1, 1), i -> 0);
        assertThat(one.coverage(TokenVectors.EMPTY)).isZero();
        assertThat(TokenVectors.EMPTY.coverage(one)).isZero();
        assertThat(weightless.coverage(one)).isZero();
    }

    @Provide
    Arbitrary<List<List<Float>>> texts() {
        return Arbitraries.floats()
                .between(-2, 2)
                .list()
                .ofSize(WIDTH)
                .list()
                .ofMinSize(1)
                .ofMaxSize(6);
    }

    private static TokenVectors tokens(List<List<Float>> rows) {
        float[] values = new float[rows.size() * WIDTH];
        for (int i = 0; i < values.length; i++) {
            values[i] = rows.get(i / WIDTH).get(i % WIDTH);
        }
        return TokenVectors.of(TensorData.floats(Shape.of(rows.size(), WIDTH), values), i -> 1);
    }
}
