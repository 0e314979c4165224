package dev.rlcm.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.apache.commons.math3.stat.descriptive.moment.Kurtosis;
import org.apache.commons.math3.stat.descriptive.moment.Skewness;
import org.junit.jupiter.api.Test;

class RandomStreamsTest {
    @Property
    void theSamePathGivesTheSameDrawsWhateverWasDrawnBefore(
            @ForAll long seed, @ForAll String purpose, @ForAll long index, @ForAll @IntRange(max = 20) int before) {
        RandomStreams streams = RandomStreams.seeded(seed);
        float[] first = streams.at(purpose).at(index).gaussians(5);
        streams.gaussians(before);
        streams.at(purpose).generator().nextLong();
        streams.at(purpose).at(index + 1).gaussians(before);
        assertThat(RandomStreams.seeded(seed).at(purpose).at(index).gaussians(5))
                .containsExactly(first);
    }

    @Property
    void differentPathsGiveDifferentStreams(@ForAll long seed, @ForAll long a, @ForAll long b) {
        RandomStreams root = RandomStreams.seeded(seed);
        Set<Long> draws = new HashSet<>();
        int paths = 0;
        for (RandomStreams stream : new RandomStreams[] {
            root,
            root.at(a),
            root.at(Long.toString(a)),
            root.at(a).at(b),
            root.at(a + " " + b),
            root.at(a + 1).at(b),
            root.at(a).at(b + 1),
            root.at(a).at("x").at(b),
            root.at(a).at("xx").at(b),
            RandomStreams.seeded(seed + 1)
        }) {
            draws.add(stream.generator().nextLong());
            paths++;
        }
        assertThat(draws).hasSize(paths);
    }

    @Test
    void manyStreamsTogetherAreStandardNormal() {
        double[] draws = new double[50_000];
        double[] next = new double[draws.length];
        for (int i = 0; i < draws.length; i++) {
            float[] pair = RandomStreams.seeded(7).at("noise").at(i).gaussians(2);
            draws[i] = pair[0];
            next[i] = pair[1];
        }
        // five standard errors of each moment
        assertThat(StatUtils.mean(draws)).isCloseTo(0, within(5 / Math.sqrt(5e4)));
        assertThat(StatUtils.variance(draws)).isCloseTo(1, within(5 * Math.sqrt(2 / 5e4)));
        assertThat(new Skewness().evaluate(draws)).isCloseTo(0, within(5 * Math.sqrt(6 / 5e4)));
        assertThat(new Kurtosis().evaluate(draws)).isCloseTo(0, within(5 * Math.sqrt(24 / 5e4)));
        assertThat(new PearsonsCorrelation().correlation(draws, next)).isCloseTo(0, within(5 / Math.sqrt(5e4)));
    }

    @Test
    void theDrawsOfAPathNeverChange() { // or runs could not be repeated
        RandomStreams stream = RandomStreams.seeded(42).at("noise").at(3);
        assertThat(stream.generator().nextLong()).isEqualTo(4493309869322038241L);
        assertThat(stream.gaussians(3)).containsExactly(0.39129704f, -0.013513391f, -0.041782435f);
        assertThat(stream.permutation(6)).containsExactly(5, 0, 3, 1, 2, 4);
    }

    @Test
    void neighbouringStreamsAreUncorrelated() {
        double[] a = widened(RandomStreams.seeded(1).at(0).gaussians(100_000));
        double[] b = widened(RandomStreams.seeded(1).at(1).gaussians(100_000));
        assertThat(new PearsonsCorrelation().correlation(a, b)).isCloseTo(0, within(5 / Math.sqrt(1e5)));
    }

    @Property
    void aPermutationHoldsEveryIndexOnce(@ForAll long seed, @ForAll @IntRange(max = 50) int n) {
        assertThat(RandomStreams.seeded(seed).permutation(n))
                .containsExactlyInAnyOrder(IntStream.range(0, n).toArray());
    }

    @Test
    void permutationsAreUniform() {
        int[] counts = new int[3];
        for (int i = 0; i < 30_000; i++) {
            counts[RandomStreams.seeded(3).at(i).permutation(3)[0]]++;
        }
        for (int count : counts) {
            assertThat(count).isCloseTo(10_000, within(5 * 82)); // five standard deviations of the count
        }
    }

    @Test
    void aPathPrintsAndComparesAsSuch() {
        RandomStreams stream = RandomStreams.seeded(42).at("noise").at(3);
        assertThat(stream)
                .hasToString("42/noise/3")
                .isEqualTo(RandomStreams.seeded(42).at("noise").at(3));
        assertThat(stream).isNotEqualTo(RandomStreams.seeded(42).at("noise").at("3"));
        assertThat(stream.hashCode())
                .isEqualTo(RandomStreams.seeded(42).at("noise").at(3).hashCode());
    }

    private static double[] widened(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }
}
