package dev.rlcm.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RewardMixTest {
    private static final RewardFunction RED =
            RewardFunction.each(sample -> sample.pixels()[0]).named("red");
    private static final RewardFunction SQUARE =
            RewardFunction.each(sample -> Math.pow(sample.pixels()[0], 2)).named("square");
    private static final RewardFunction MINUS = RED.times(-1).named("minus");

    /** Distinct whole numbers, so that no two samples tie. */
    private static double[] distinct(List<Double> reds) {
        return reds.stream().mapToDouble(Math::rint).distinct().toArray();
    }

    @Property(tries = 60)
    void aPlainMixIsTheWeightedSum(
            @ForAll @DoubleRange(min = -5, max = 5) double a,
            @ForAll @DoubleRange(min = -5, max = 5) double b,
            @ForAll @Size(max = 6) List<@DoubleRange(min = -3, max = 3) Double> reds) {
        List<Sample> samples =
                Samples.ofReds(reds.stream().mapToDouble(Double::doubleValue).toArray());
        assertThat(RewardMix.of(a, RED).and(b, SQUARE).score(samples))
                .containsExactly(RewardFunction.weighted(a, RED).and(b, SQUARE).score(samples));
    }

    @Property(tries = 60)
    void unitsDoNotMatterToAStandardisedMix(
            @ForAll @DoubleRange(min = 0.01, max = 1000) double factor,
            @ForAll @DoubleRange(min = -100, max = 100) double offset,
            @ForAll @Size(min = 2, max = 8) List<@DoubleRange(min = -50, max = 50) Double> reds) {
        List<Sample> samples = Samples.ofReds(distinct(reds));
        RewardFunction otherUnit = RewardFunction.each(sample -> factor * sample.pixels()[0] + offset)
                .named("red");
        double[] expected = RewardMix.of(0.3, RED)
                .and(0.7, SQUARE)
                .standardised(Standardisation.ROLLOUT)
                .score(samples);
        double[] actual = RewardMix.of(0.3, otherUnit)
                .and(0.7, SQUARE)
                .standardised(Standardisation.ROLLOUT)
                .score(samples);
        assertThat(actual).containsExactly(expected, within(1e-7));
    }

    @Test
    void byRolloutEachTermHasMeanZeroAndSpreadOne() {
        // red: mean 2, std sqrt(2/3); square: 1, 4, 9: mean 14/3, std sqrt(98/9)
        double[] totals = RewardMix.of(1, RED)
                .and(2, SQUARE)
                .standardised(Standardisation.ROLLOUT)
                .score(Samples.ofReds(1, 2, 3));
        double std = Math.sqrt(98 / 9.0);
        assertThat(totals)
                .containsExactly(
                        new double[] {
                            -1 / Math.sqrt(2 / 3.0) + 2 * (1 - 14 / 3.0) / std,
                            2 * (4 - 14 / 3.0) / std,
                            1 / Math.sqrt(2 / 3.0) + 2 * (9 - 14 / 3.0) / std
                        },
                        within(1e-12));
    }

    @Test
    void byPromptDifferencesBetweenPromptsDoNotCount() {
        List<Sample> samples = Samples.ofPrompts(new String[] {"a", "b", "a", "b"}, 1, 100, 3, 106);
        double[] totals =
                RewardMix.of(1, RED).standardised(Standardisation.PROMPT).score(samples);
        double spread = Math.sqrt((1 + 9 + 1 + 9) / 4.0); // differences -1, -3, 1, 3
        assertThat(totals)
                .containsExactly(new double[] {-1 / spread, -3 / spread, 1 / spread, 3 / spread}, within(1e-12));
    }

    @Test
    void aTermThatIsTheSameForAllSamplesTeachesNothing() {
        RewardFunction constant = RewardFunction.each(sample -> 0.1 + 0.2).named("constant");
        for (Standardisation scale : List.of(Standardisation.ROLLOUT, Standardisation.PROMPT)) {
            RewardMix mix = RewardMix.of(5, constant).standardised(scale);
            assertThat(mix.score(Samples.count(7))).containsOnly(0);
            RewardScores scores = mix.scores(Samples.count(7), RewardFailure.FAIL);
            assertThat(scores.statistics().get("constant").correlation()).isNaN();
        }
    }

    @Property(tries = 100)
    void samplesThatKeepTheGuardAreAboveAllOthersAndThoseAreOrderedByIt(
            @ForAll @Size(min = 1, max = 9) List<@DoubleRange(min = -50, max = 50) Double> reds,
            @ForAll @DoubleRange(min = -60, max = 60) double least) {
        double[] guard = distinct(reds);
        double[] totals = RewardMix.of(1, MINUS).guardedBy(RED, least).score(Samples.ofReds(guard));
        for (int i = 0; i < guard.length; i++) {
            for (int j = 0; j < guard.length; j++) {
                if (guard[i] >= least && guard[j] < least) {
                    assertThat(totals[i]).isGreaterThan(totals[j]);
                } else if (guard[i] < guard[j] && guard[j] < least) {
                    assertThat(totals[i]).isLessThan(totals[j]);
                } else if (guard[i] >= least) {
                    assertThat(totals[i]).isEqualTo(-guard[i]);
                }
            }
        }
    }

    @Test
    void aMissedGuardCostsItsDistanceInSpreads() {
        // The guard's spread is sqrt(1.25); sums that are kept: -2, -3; the worst of them is -3.
        double[] totals = RewardMix.of(1, MINUS).guardedBy(RED, 2).score(Samples.ofReds(2, 3, 1, 0));
        double spread = Math.sqrt(1.25);
        assertThat(totals).containsExactly(new double[] {-2, -3, -3 - 1 / spread, -3 - 2 / spread}, within(1e-12));
        assertThat(RewardMix.of(1, MINUS).guardedBy(RED, 9).score(Samples.ofReds(4)))
                .as("nothing keeps the guard, nor differs")
                .containsExactly(-5);
    }

    @Test
    void everyComponentIsReportedInItsOwnUnit() {
        RewardScores scores = RewardMix.of(1, RED)
                .and(-2, SQUARE)
                .standardised(Standardisation.ROLLOUT)
                .guardedBy(RED, -10)
                .scores(Samples.ofReds(0, 2), RewardFailure.FAIL);
        assertThat(scores.components()).containsOnlyKeys("red", "square");
        assertThat(scores.components().get("square")).isEqualTo(Score.values(0, 4));
        // standardised: red -1, 1; square -1, 1; totals 1, -1
        assertThat(scores.totals()).isEqualTo(Score.values(1, -1));
        assertThat(scores.statistics())
                .isEqualTo(Map.of(
                        "red", new ComponentStatistics(1, 1, -1),
                        "square", new ComponentStatistics(2, 2, -1)));
    }

    @Test
    void byPromptAComponentThatIsTheWholeMixCorrelatesFully() {
        List<Sample> samples = Samples.ofPrompts(new String[] {"a", "b", "a", "b"}, 1, 100, 3, 106);
        ComponentStatistics red = RewardMix.of(1, RED)
                .standardised(Standardisation.PROMPT)
                .scores(samples, RewardFailure.FAIL)
                .statistics()
                .get("red");
        assertThat(red.correlation()).isCloseTo(1, within(1e-12));
        assertThat(red.mean()).isEqualTo(52.5);
    }

    @Property(tries = 50)
    void picturesWithoutAScoreAreAsIfTheyNeverWere(
            @ForAll @Size(min = 2, max = 8) List<@DoubleRange(min = -50, max = 50) Double> reds,
            @ForAll @DoubleRange(min = -50, max = 50) double broken) {
        double[] all = distinct(reds);
        double[] others =
                Arrays.stream(all).filter(red -> red != Math.rint(broken)).toArray();
        RewardFunction picky = RewardFunction.each(
                        sample -> sample.pixels()[0] == Math.rint(broken) ? Double.NaN : 2 * sample.pixels()[0])
                .named("picky");
        RewardFunction mix = RewardMix.of(1, SQUARE)
                .and(3, picky)
                .standardised(Standardisation.ROLLOUT)
                .guardedBy(RED, 10)
                .onFailure(RewardFailure.DROP);
        List<Score> scores = mix.attempt(Samples.ofReds(all), RewardFailure.FAIL);
        double[] known = scores.stream()
                .filter(Score.Value.class::isInstance)
                .mapToDouble(score -> ((Score.Value) score).value())
                .toArray();
        assertThat(known).containsExactly(mix.score(Samples.ofReds(others)));
        for (int i = 0; i < all.length; i++) {
            if (scores.get(i) instanceof Score.Missing missing) {
                assertThat(missing.policy()).isEqualTo(RewardFailure.DROP);
                assertThat(missing.reason()).hasMessageContainingAll("\"picky\"", "sample " + i);
            }
        }
    }

    @Test
    void theNameReadsLikeTheFormula() {
        assertThat(RewardMix.of(0.7, RED)
                        .and(1, SQUARE.atLeast(4))
                        .and(2, SQUARE.clipped(0, 2.5))
                        .standardised(Standardisation.PROMPT)
                        .guardedBy(RED, 1.2)
                        .name())
                .isEqualTo("0.7 red + square at least 4 + 2 square from 0 to 2.5, standardised by prompt,"
                        + " while red >= 1.2");
    }

    @Test
    void theScopeIsTheWidestOfComponentsAndStandardisation() {
        RewardFunction group = GroupRewards.rank(RED);
        assertThat(RewardMix.of(1, RED).scope()).isEqualTo(RewardScope.SAMPLE);
        assertThat(RewardMix.of(1, RED).and(1, group).scope()).isEqualTo(RewardScope.PROMPT);
        assertThat(RewardMix.of(1, RED).standardised(Standardisation.ROLLOUT).scope())
                .isEqualTo(RewardScope.ROLLOUT);
        assertThat(RewardMix.of(1, RED).guardedBy(SQUARE, 1).checked().scope()).isEqualTo(RewardScope.ROLLOUT);
        assertThat(group.named("x").checked().times(2).plus(RED).scope()).isEqualTo(RewardScope.PROMPT);
    }

    @Test
    void whatCannotBeMixedIsRefused() {
        assertThatThrownBy(() -> RewardMix.of(1, RED).and(1, SQUARE.named("red")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("two components", "\"red\"", "named(...)");
        assertThatThrownBy(() -> RewardMix.of(Double.NaN, RED))
                .hasMessage("the weight of reward \"red\" must be finite, got NaN");
        assertThatThrownBy(() -> RewardMix.of(1, RED).guardedBy(SQUARE, Double.NEGATIVE_INFINITY))
                .hasMessage("the bound of guard \"square\" must be finite, got -Infinity");
        assertThatThrownBy(() -> RED.clipped(2, 2)).hasMessageContainingAll("\"red\"", "low bound", "got 2.0 and 2.0");
        assertThatThrownBy(() -> RED.atLeast(Double.NaN)).hasMessageContainingAll("\"red\"", "got NaN");
    }

    @Property(tries = 50)
    void boundsHoldScores(@ForAll @DoubleRange(min = -9, max = 9) double score) {
        float red = (float) score;
        List<Sample> one = Samples.ofReds(red);
        assertThat(RED.clipped(-2, 3).score(one)).containsExactly(Math.min(3, Math.max(-2, red)));
        assertThat(RED.atLeast(1.5).score(one)).containsExactly(Math.min(1.5, red));
    }
}
