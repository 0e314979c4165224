package dev.rlcm.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RewardFailureTest {
    private static final RewardFunction RED = RewardFunction.each(sample -> sample.pixels()[0]);

    /** Cannot score the samples whose red is divisible, by an exception where it is even and by NaN where it is odd. */
    private static RewardFunction failingFor(int divisor) {
        return RewardFunction.each(sample -> {
            int red = (int) sample.pixels()[0];
            if (red % divisor == 0) {
                if (red % 2 == 0) {
                    throw RewardException.of(RewardException.Kind.TIMED_OUT, "slow", "no answer within 1 s");
                }
                return Double.NaN;
            }
            return red;
        });
    }

    private static List<Score> pooled(RewardFunction reward, int samples, int threads) throws InterruptedException {
        try (RewardPool pool = RewardPool.of(reward, threads)) {
            return pool.submit(Samples.count(samples)).awaitAll();
        }
    }

    @Property(tries = 50)
    void everyPictureHasItsOwnScoreOrNoneHoweverTheBatchIsSplit(
            @ForAll @IntRange(min = 1, max = 40) int samples,
            @ForAll @IntRange(min = 1, max = 7) int threads,
            @ForAll @IntRange(min = 1, max = 5) int divisor)
            throws InterruptedException {
        List<Score> scores = pooled(failingFor(divisor).onFailure(RewardFailure.DROP), samples, threads);
        assertThat(scores).hasSize(samples);
        for (int i = 0; i < samples; i++) {
            if (i % divisor == 0) {
                Score.Missing missing = (Score.Missing) scores.get(i);
                assertThat(missing.policy()).isEqualTo(RewardFailure.DROP);
                assertThat(missing.reason().sampleIndex()).hasValue(i);
                assertThat(missing.reason().kind())
                        .isEqualTo(i % 2 == 0 ? RewardException.Kind.TIMED_OUT : RewardException.Kind.NOT_FINITE);
            } else {
                assertThat(scores.get(i)).isEqualTo(new Score.Value(i));
            }
        }
    }

    @Test
    void withoutAPolicyTheFirstFailureIsThrown() {
        assertThatThrownBy(() -> pooled(failingFor(3), 3, 1))
                .isInstanceOf(RewardException.class)
                .hasMessage("reward \"slow\", sample 0 (\"prompt 0\"): no answer within 1 s");
        assertThatThrownBy(() -> failingFor(3).onFailure(RewardFailure.DROP).score(Samples.count(3)))
                .isInstanceOf(RewardException.class);
    }

    @Test
    void theReasonOfAMissingScoreIsThrownWhereNumbersAreWanted() {
        try (RewardPool pool = RewardPool.of(failingFor(3).onFailure(RewardFailure.DROP), 2)) {
            PendingScores scores = pool.submit(Samples.count(4));
            assertThatThrownBy(scores::await)
                    .isInstanceOf(RewardException.class)
                    .hasMessageContaining("no answer");
        }
    }

    @Test
    void aBatchThatFailsAsAWholeLeavesNoPictureWithAScore() {
        RewardFunction tooFew = samples -> new double[samples.size() - 1];
        RewardFunction broken = samples -> {
            throw new IllegalStateException("no connection");
        };
        List<Sample> samples = Samples.count(3);
        assertThat(tooFew.attempt(samples, RewardFailure.NEUTRAL)).hasSize(3).allSatisfy(score -> {
            Score.Missing missing = (Score.Missing) score;
            assertThat(missing.policy()).isEqualTo(RewardFailure.NEUTRAL);
            assertThat(missing.reason().kind()).isEqualTo(RewardException.Kind.WRONG_COUNT);
        });
        assertThat(broken.attempt(samples, RewardFailure.DROP)).hasSize(3).allSatisfy(score -> assertThat(
                        ((Score.Missing) score).reason())
                .hasMessageContaining("no connection")
                .extracting(RewardException::kind)
                .isEqualTo(RewardException.Kind.THREW));
    }

    @Test
    void anOverriddenAttemptMustTellOfEveryPictureToo() {
        RewardFunction shuffling = new RewardFunction() {
            @Override
            public double[] score(List<Sample> samples) {
                return new double[samples.size()];
            }

            @Override
            public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
                return Score.values(1);
            }
        };
        assertThatThrownBy(() -> shuffling.checked().attempt(Samples.count(2), RewardFailure.FAIL))
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("1 scores for 2 samples");
    }

    @Test
    void aSumIsMissingWhereATermIsAndTheStricterPolicyWins() {
        RewardFunction sum = RewardFunction.weighted(2, failingFor(2).onFailure(RewardFailure.NEUTRAL))
                .and(3, failingFor(3).onFailure(RewardFailure.DROP))
                .and(1, RED);
        List<Score> scores = sum.attempt(Samples.count(12), RewardFailure.FAIL);
        IntStream.range(0, 12).forEach(i -> {
            if (i % 3 == 0) {
                assertThat(((Score.Missing) scores.get(i)).policy()).isEqualTo(RewardFailure.DROP);
            } else if (i % 2 == 0) {
                assertThat(((Score.Missing) scores.get(i)).policy()).isEqualTo(RewardFailure.NEUTRAL);
            } else {
                assertThat(scores.get(i)).isEqualTo(new Score.Value(6 * i));
            }
        });
        RewardFunction oneMayNotFail = RewardFunction.weighted(1, failingFor(2)).and(1, RED);
        assertThatThrownBy(() -> oneMayNotFail.attempt(Samples.count(3), RewardFailure.FAIL))
                .isInstanceOf(RewardException.class);
        assertThat(oneMayNotFail.onFailure(RewardFailure.DROP).attempt(Samples.count(3), RewardFailure.FAIL))
                .filteredOn(Score.Missing.class::isInstance)
                .hasSize(2);
    }

    @Test
    void namesReachTheReasons() {
        RewardFunction named = failingFor(1).named("judge").onFailure(RewardFailure.DROP);
        Score.Missing missing = (Score.Missing)
                named.attempt(Samples.count(2), RewardFailure.FAIL).get(1);
        assertThat(missing.reason()).hasMessageContainingAll("\"judge\"", "sample 1", "NaN");
        assertThat(missing.reason().reward()).isEqualTo("judge");
    }

    @Test
    void combinatorsTellWhetherAPartIsPaused() {
        RewardFunction paused = new RewardFunction() {
            @Override
            public double[] score(List<Sample> samples) {
                return new double[samples.size()];
            }

            @Override
            public boolean isPaused() {
                return true;
            }
        };
        assertThat(RED.plus(paused.named("judge").onFailure(RewardFailure.DROP))
                        .checked()
                        .isPaused())
                .isTrue();
        assertThat(GroupRewards.rank(paused).isPaused()).isTrue();
        assertThat(RED.plus(RED).isPaused()).isFalse();
    }

    @Test
    void scoresAreFiniteAndMissingOnesHaveAPolicy() {
        assertThatThrownBy(() -> new Score.Value(Double.NaN)).hasMessageContaining("finite, got NaN");
        RewardException reason = RewardException.of(RewardException.Kind.REFUSED, "judge", "status 403");
        assertThatThrownBy(() -> new Score.Missing(reason, RewardFailure.FAIL))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
