package dev.rlcm.backend;

import static dev.rlcm.backend.Evaluation.doubles;
import static dev.rlcm.backend.Evaluation.longs;
import static dev.rlcm.backend.Evaluation.random;
import static dev.rlcm.backend.Evaluation.vector;
import static dev.rlcm.backend.Evaluation.wholes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ShapeKernelsTest {
    private static final Value SIX = wholes(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);

    @Test
    void reshapeKeepsTheRowMajorOrder() {
        assertThat(longs(SIX.reshape(3, 2).slice(0, 1, 2))).containsExactly(3, 4);
    }

    @Test
    void transposeMovesAxes() {
        assertThat(longs(SIX.transposed())).containsExactly(1, 4, 2, 5, 3, 6);
        Value cube = wholes(Shape.of(2, 1, 3), 1, 2, 3, 4, 5, 6).transpose(2, 0, 1);
        assertThat(cube.shape()).isEqualTo(Shape.of(3, 2, 1));
        assertThat(longs(cube)).containsExactly(1, 4, 2, 5, 3, 6);
    }

    @Property(tries = 50)
    void transposingBackIsTheIdentity(@ForAll("permutations") List<Integer> permutation, @ForAll long seed) {
        Value x = random(new Random(seed), 2, 3, 4, 1);
        int[] perm = permutation.stream().mapToInt(i -> i).toArray();
        int[] inverse = IntStream.range(0, 4).map(permutation::indexOf).toArray();
        assertThat(doubles(x.transpose(perm).transpose(inverse))).containsExactly(doubles(x));
    }

    @Provide
    static Arbitrary<List<Integer>> permutations() {
        return Arbitraries.shuffle(0, 1, 2, 3);
    }

    @Test
    void expandRepeatsAxesOfExtentOne() {
        assertThat(longs(wholes(Shape.of(2, 1), 1, 2).expand(Shape.of(2, 2, 2))))
                .containsExactly(1, 1, 2, 2, 1, 1, 2, 2);
        assertThat(doubles(Value.scalar(DataType.FLOAT64, 5).expand(Shape.of(3))))
                .containsExactly(5, 5, 5);
    }

    @Test
    void sliceStepsForwardsAndBackwards() {
        Value x = vector(0, 1, 2, 3, 4, 5);
        assertThat(doubles(x.slice(ints(1), ints(3), ints(2)))).containsExactly(1, 3, 5);
        assertThat(doubles(x.slice(ints(5), ints(3), ints(-2)))).containsExactly(5, 3, 1);
        assertThat(longs(SIX.slice(ints(1, 2), ints(2, 2), ints(-1, -2)))).containsExactly(6, 4, 3, 1);
        assertThat(doubles(x.slice(ints(0), ints(0), ints(1)))).isEmpty();
    }

    @Property(tries = 50)
    void slicesOfAConcatenationAreItsParts(@ForAll @IntRange(max = 2) int axis, @ForAll long seed) {
        Random random = new Random(seed);
        Shape shape = Shape.of(2, 3, 2);
        Value a = random(random, shape.toArray());
        Value b = random(random, shape.with(axis, 4).toArray());
        Value c = random(random, shape.with(axis, 0).toArray());
        Value whole = Value.concat(axis, List.of(a, c, b));
        int seam = a.dim(axis);
        assertThat(doubles(whole.slice(axis, 0, seam))).containsExactly(doubles(a));
        assertThat(doubles(whole.slice(axis, seam, seam + 4))).containsExactly(doubles(b));
    }

    @Test
    void padFillsReflectsOrRepeatsTheEdge() {
        Value x = vector(1, 2, 3);
        assertThat(doubles(pad(x, "constant", 1, 2))).containsExactly(-7, 1, 2, 3, -7, -7);
        assertThat(doubles(pad(x, "reflect", 2, 2))).containsExactly(3, 2, 1, 2, 3, 2, 1);
        assertThat(doubles(pad(x, "edge", 2, 1))).containsExactly(1, 1, 1, 2, 3, 3);
        assertThat(longs(pad(SIX, "constant", 0, 1, 1, 0))).containsExactly(-7, 1, 2, 3, -7, 4, 5, 6, -7, -7, -7, -7);
    }

    @Test
    void triluKeepsOneSideOfADiagonal() {
        assertThat(longs(trilu(SIX, true, 1))).containsExactly(0, 2, 3, 0, 0, 6);
        assertThat(longs(trilu(SIX, false, 0))).containsExactly(1, 0, 0, 4, 5, 0);
        assertThat(longs(trilu(SIX, true, -1))).containsExactly(1, 2, 3, 4, 5, 6);
    }

    @Test
    void resizeRepeatsEveryElement() {
        Value enlarged = Value.of(Op.RESIZE, Attributes.of("scales", ints(2, 1)), SIX);
        assertThat(longs(enlarged)).containsExactly(1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6);
        Value wide = Value.of(Op.RESIZE, Attributes.of("scales", ints(3)), vector(1, 2));
        assertThat(doubles(wide)).containsExactly(1, 1, 1, 2, 2, 2);
    }

    private static Value pad(Value x, String mode, int... pads) {
        return Value.of(Op.PAD, Attributes.of("pads", pads, "mode", mode).with("value", -7.0), x);
    }

    private static Value trilu(Value x, boolean upper, int k) {
        return Value.of(Op.TRILU, Attributes.of("upper", upper, "k", k), x);
    }

    private static int[] ints(int... values) {
        return values;
    }
}
