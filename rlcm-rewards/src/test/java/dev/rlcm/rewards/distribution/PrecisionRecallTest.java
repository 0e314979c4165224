package dev.rlcm.rewards.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PrecisionRecallTest {
    private static List<double[]> line(double... points) {
        return DoubleStream.of(points).mapToObj(x -> new double[] {x}).toList();
    }

    /**
     * With k = 1 the radii of 0, 1, 10 are 1, 1, 9: they cover [-1, 2] and [1, 19]. Those of 1.5, 2, 30, 31 are 0.5, 0.5, 1, 1: they
     * cover [1, 2.5] and [29, 32].
     */
    @Test
    void oneNeighbourByHand() {
        PrecisionRecall result = PrecisionRecall.of(line(0, 1, 10), line(1.5, 2, 30, 31), 1);
        assertThat(result.precision()).isEqualTo(2 / 4.0);
        assertThat(result.recall()).isEqualTo(1 / 3.0);
    }

    /** With k = 2 the radii of 0, 1, 10 are 10, 9, 10. */
    @Test
    void twoNeighboursByHand() {
        PrecisionRecall result = PrecisionRecall.of(line(0, 1, 10), line(-10, 21, 20), 2);
        assertThat(result.precision()).isEqualTo(2 / 3.0);
        assertThat(result.recall()).isEqualTo(1); // the radius of -10 is 31
    }

    @Test
    void aGeneratorThatDrawsOneOfTwoKindsIsPreciseAndForgetsTheOther() {
        Random random = new Random(3);
        List<double[]> near = FrechetDistanceTest.features(40, 2, random);
        List<double[]> far = FrechetDistanceTest.features(40, 2, random).stream()
                .map(each -> new double[] {each[0] + 100, each[1]})
                .toList();
        List<double[]> both = Stream.concat(near.stream(), far.stream()).toList();
        PrecisionRecall result = PrecisionRecall.of(both, near);
        assertThat(result.precision()).isEqualTo(1);
        assertThat(result.recall()).isEqualTo(0.5);
    }

    @Property(tries = 30)
    void recallIsThePrecisionOfTheExchangedSets(@ForAll @IntRange(min = 1, max = 4) int neighbours, @ForAll long seed) {
        Random random = new Random(seed);
        List<double[]> real = FrechetDistanceTest.features(8, 2, random);
        List<double[]> generated = FrechetDistanceTest.features(11, 2, random);
        PrecisionRecall forth = PrecisionRecall.of(real, generated, neighbours);
        PrecisionRecall back = PrecisionRecall.of(generated, real, neighbours);
        assertThat(back).isEqualTo(new PrecisionRecall(forth.recall(), forth.precision()));
        assertThat(PrecisionRecall.of(real, real, neighbours)).isEqualTo(new PrecisionRecall(1, 1));
    }

    @Property(tries = 30)
    void moreNeighboursTakeNothingAway(@ForAll long seed) {
        Random random = new Random(seed);
        List<double[]> real = FrechetDistanceTest.features(8, 3, random);
        List<double[]> generated = FrechetDistanceTest.features(8, 3, random);
        PrecisionRecall few = PrecisionRecall.of(real, generated, 1);
        PrecisionRecall many = PrecisionRecall.of(real, generated, 4);
        assertThat(many.precision()).isGreaterThanOrEqualTo(few.precision());
        assertThat(many.recall()).isGreaterThanOrEqualTo(few.recall());
    }

    @Test
    void setsWithTooFewPicturesAreRefused() {
        assertThatThrownBy(() -> PrecisionRecall.of(line(1, 2, 3), line(1, 2, 3, 4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("real set must be at least 4 pictures, got 3");
        assertThatThrownBy(() -> PrecisionRecall.of(line(1, 2), line(1, 2), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("got 0");
    }
}
