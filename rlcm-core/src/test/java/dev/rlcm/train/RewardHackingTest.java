package dev.rlcm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.train.RewardHacking.Evaluation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class RewardHackingTest {
    private static final int PICTURES = 64;

    /** Evaluations every 10 epochs whose means move by these numbers of spreads, with noise of a fifth of a spread by picture. */
    private static List<Evaluation> course(double unit, long seed, double[] trained, double[]... shadows) {
        Random random = new Random(seed);
        double[] pictures = random.doubles(PICTURES, -1.7, 1.7).toArray();
        List<Evaluation> course = new ArrayList<>();
        for (int n = 0; n < trained.length; n++) {
            int now = n;
            Map<String, double[]> scores = new java.util.LinkedHashMap<>();
            for (int s = 0; s < shadows.length; s++) {
                double level = shadows[s][n];
                scores.put("shadow " + s, moved(pictures, level, 1, random));
            }
            course.add(new Evaluation(10 * now, moved(pictures, trained[n], unit, random), scores));
        }
        return course;
    }

    private static double[] moved(double[] pictures, double by, double unit, Random random) {
        return Arrays.stream(pictures)
                .map(x -> unit * (x + by + 0.2 * random.nextGaussian()))
                .toArray();
    }

    @Property(tries = 20)
    void aRisingRewardWithFallingShadowsIsSuspiciousInAnyUnit(
            @ForAll @DoubleRange(min = 0.01, max = 1000) double unit, @ForAll long seed) {
        double[] trained = {0, 1, 2, 3, 4, 5};
        double[] shadow = {0, 0.5, 0.5, -0.5, -1, -2};
        assertThat(RewardHacking.suspicion(course(unit, seed, trained, shadow))).hasValueSatisfying(suspicion -> {
            assertThat(suspicion.partedAt()).isBetween(10, 20);
            assertThat(suspicion.noticedAt()).isEqualTo(30);
            assertThat(suspicion.fall()).isCloseTo(1, within(0.5));
            assertThat(suspicion.rise()).isPositive();
        });
    }

    @Property(tries = 20)
    void shadowsThatHoldRiseOrFallWithTheRewardAreNotSuspicious(@ForAll long seed) {
        double[] rising = {0, 1, 2, 3};
        double[] falling = {0, -1, -2, -3};
        double[] flat = {0, 0, 0, 0};
        assertThat(RewardHacking.suspicion(course(1, seed, rising, rising))).isEmpty();
        assertThat(RewardHacking.suspicion(course(1, seed, rising, flat))).isEmpty();
        assertThat(RewardHacking.suspicion(course(1, seed, falling, falling))).isEmpty();
        assertThat(RewardHacking.suspicion(course(1, seed, rising))).isEmpty();
    }

    @Test
    void oneShadowMayOutweighAnother() {
        double[] trained = {0, 1, 2, 3};
        double[] falling = {0, -1, -2, -3};
        double[] rising = {0, 2, 4, 6};
        assertThat(RewardHacking.suspicion(course(1, 1, trained, falling, rising)))
                .isEmpty();
        assertThat(RewardHacking.suspicion(course(1, 1, trained, falling, new double[4])))
                .isPresent();
    }

    @Test
    void theEpochAtWhichTheyPartIsTheLastHealthyOne() {
        double[] trained = {0, 1, 2, 3, 4, 5};
        List<Evaluation> course = course(1, 5, trained, new double[] {0, 1, 1.02, 1.01, 0.4, 0});
        assertThat(RewardHacking.suspicion(course)).hasValueSatisfying(suspicion -> {
            assertThat(suspicion.partedAt()).isIn(10, 20, 30);
            assertThat(suspicion.noticedAt()).isEqualTo(40);
        });
        assertThat(RewardHacking.isHealthy(course.subList(0, 2))).isTrue();
        assertThat(RewardHacking.isHealthy(course.subList(0, 5))).isFalse();
        assertThat(RewardHacking.isHealthy(List.of())).isTrue();
    }

    /** Every picture moves alike, so that all numbers are known: the spread of 0, 1, ..., 4 is sqrt(2). */
    @Test
    void riseAndFallAreInSpreadsFromThePeakOn() {
        double[] trained = {0, 1, 2, 3, 4};
        double[][] shadows = {{0, 0.5, 0.45, 0.35, -0.1}, {0, 0.5, 0.45, 0.35, -0.1}};
        List<Evaluation> course = new ArrayList<>();
        for (int n = 0; n < trained.length; n++) {
            course.add(new Evaluation(
                    10 * n,
                    pictures(3, trained[n]),
                    Map.of("fine", pictures(0.01, shadows[0][n]), "coarse", pictures(100, shadows[1][n]))));
        }
        assertThat(RewardHacking.suspicion(course.subList(0, 3))).isEmpty();
        assertThat(RewardHacking.isHealthy(course.subList(0, 3))).isTrue();
        assertThat(RewardHacking.isHealthy(course.subList(0, 4))).isFalse();
        assertThat(RewardHacking.suspicion(course)).hasValueSatisfying(suspicion -> {
            assertThat(suspicion.partedAt()).isEqualTo(20);
            assertThat(suspicion.noticedAt()).isEqualTo(40);
            assertThat(suspicion.rise()).isCloseTo(3, within(1e-9));
            assertThat(suspicion.fall()).isCloseTo(0.6, within(1e-9));
        });
    }

    private static double[] pictures(double unit, double spreads) {
        return IntStream.range(0, 5)
                .mapToDouble(i -> unit * (i + Math.sqrt(2) * spreads))
                .toArray();
    }

    @Test
    void picturesWithoutAScoreAreLeftOut() {
        double[] trained = {0, 1, 2, 3};
        double[] shadow = {0, -1, -2, -3};
        List<Evaluation> course = course(1, 3, trained, shadow);
        course.get(0).trained()[3] = Double.NaN;
        course.get(2).shadows().get("shadow 0")[5] = Double.NaN;
        assertThat(RewardHacking.suspicion(course)).isPresent();
        Arrays.fill(course.get(1).trained(), Double.NaN);
        assertThat(RewardHacking.suspicion(course.subList(0, 2))).isEmpty();
    }

    @Test
    void aFirstEvaluationWithoutScoresHidesNothing() {
        double[] trained = {0, 0, 1, 2, 3};
        double[] shadow = {0, 0, -1, -2, -3};
        List<Evaluation> course = course(1, 3, trained, shadow);
        Arrays.fill(course.get(0).trained(), Double.NaN);
        Arrays.fill(course.get(0).shadows().get("shadow 0"), Double.NaN);
        assertThat(RewardHacking.suspicion(course)).hasValueSatisfying(suspicion -> assertThat(suspicion.partedAt())
                .isEqualTo(10));
    }

    @Test
    void aShadowOfOtherPicturesIsRefused() {
        assertThatThrownBy(() -> new Evaluation(0, new double[3], Map.of("clip", new double[2])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("shadow \"clip\" has 2 scores, the trained reward has 3");
    }
}
