package dev.rlcm.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RolloutScoresTest {
    private static final RewardFunction RED =
            RewardFunction.each(sample -> sample.pixels()[0]).named("red");

    /** The sample's red minus the mean of its prompt's samples in the call. */
    private static final RewardFunction ABOVE_ITS_GROUP = RewardFunction.perPrompt(group -> {
                double[] reds = RED.score(group);
                double mean = Arrays.stream(reds).average().orElseThrow();
                return Arrays.stream(reds).map(red -> red - mean).toArray();
            })
            .named("above its group");

    private static List<Sample> samples(List<Integer> prompts) {
        double[] reds = new double[prompts.size()];
        for (int i = 0; i < reds.length; i++) {
            reds[i] = (7 * i) % 11;
        }
        return Samples.ofPrompts(prompts.stream().map(p -> "prompt " + p).toArray(String[]::new), reds);
    }

    private static RewardScores scoredInBatches(RewardFunction reward, List<Sample> samples, int batch, int threads)
            throws InterruptedException {
        try (RewardPool pool = RewardPool.of(reward, threads)) {
            RolloutScores scores =
                    pool.rollout(samples.stream().map(Sample::prompt).toList());
            for (int from = 0; from < samples.size(); from += batch) {
                scores.add(samples.subList(from, Math.min(samples.size(), from + batch)));
            }
            return scores.await();
        }
    }

    @Test
    void picturesOfOtherPromptsAreRefused() {
        try (RewardPool pool = RewardPool.of(ABOVE_ITS_GROUP, 1)) {
            RolloutScores scores = pool.rollout(List.of("prompt 0", "prompt 1"));
            assertThatThrownBy(() -> scores.add(samples(List.of(0, 2))))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContainingAll("sample 1", "\"prompt 1\"", "\"prompt 2\"", "in their order");
        }
    }

    @Property(tries = 100)
    void batchesAndThreadsDoNotMatterToComparisonsWithinAPrompt(
            @ForAll @Size(min = 1, max = 20) List<@IntRange(max = 4) Integer> prompts,
            @ForAll @IntRange(min = 1, max = 7) int batch,
            @ForAll @IntRange(min = 1, max = 4) int threads)
            throws InterruptedException {
        List<Sample> samples = samples(prompts);
        Set<String> seen = Collections.synchronizedSet(new HashSet<>());
        RewardFunction recording = new RewardFunction() {
            @Override
            public double[] score(List<Sample> part) {
                part.stream().map(Sample::prompt).distinct().forEach(prompt -> assertThat(seen.add(prompt))
                        .as("%s is scored in one call", prompt)
                        .isTrue());
                return ABOVE_ITS_GROUP.score(part);
            }

            @Override
            public RewardScope scope() {
                return RewardScope.PROMPT;
            }
        };
        assertThat(scoredInBatches(recording, samples, batch, threads).totals())
                .isEqualTo(Score.values(ABOVE_ITS_GROUP.score(samples)));
        try (RewardPool pool = RewardPool.of(ABOVE_ITS_GROUP, threads)) {
            assertThat(pool.submit(samples).await()).containsExactly(ABOVE_ITS_GROUP.score(samples));
        }
    }

    @Property(tries = 60)
    void aMixOfAllScopesIsWhatItIsOnTheWholeRollout(
            @ForAll @Size(min = 1, max = 20) List<@IntRange(max = 4) Integer> prompts,
            @ForAll @IntRange(min = 1, max = 7) int batch,
            @ForAll @IntRange(min = 1, max = 4) int threads)
            throws InterruptedException {
        List<Sample> samples = samples(prompts);
        RewardMix inner = RewardMix.of(1, RED.times(3).named("blue")).standardised(Standardisation.ROLLOUT);
        RewardMix mix = RewardMix.of(2, RED)
                .and(1, ABOVE_ITS_GROUP)
                .and(0.5, inner)
                .standardised(Standardisation.PROMPT)
                .guardedBy(RED, 3);
        RewardScores direct = mix.scores(samples, RewardFailure.FAIL);
        assertThat(scoredInBatches(mix.checked(), samples, batch, threads)).isEqualTo(direct);
        assertThat(direct.totals()).isEqualTo(Score.values(mix.score(samples)));
    }

    @Test
    void scoringBeginsBeforeTheRolloutIsComplete() throws InterruptedException {
        CountDownLatch scored = new CountDownLatch(2);
        RewardFunction latched = RewardFunction.each(sample -> {
                    scored.countDown();
                    return 0;
                })
                .named("latched");
        RewardMix mix = RewardMix.of(1, latched).standardised(Standardisation.ROLLOUT);
        List<Sample> samples = Samples.count(4);
        try (RewardPool pool = RewardPool.of(mix, 1)) {
            RolloutScores scores =
                    pool.rollout(samples.stream().map(Sample::prompt).toList());
            scores.add(samples.subList(0, 2));
            assertThat(scored.await(10, TimeUnit.SECONDS)).isTrue();
            assertThatThrownBy(scores::await)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("a rollout of 4 prompts got 2 samples; add one for each prompt");
            assertThatThrownBy(() -> scores.add(Samples.count(3)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("a rollout of 4 prompts got 5 samples; add one for each prompt");
        }
    }

    @Property(tries = 40)
    void aFailureNamesTheSampleOfTheRollout(
            @ForAll @IntRange(max = 9) int culprit,
            @ForAll @IntRange(min = 1, max = 4) int batch,
            @ForAll @IntRange(min = 1, max = 3) int threads) {
        RewardFunction picky = RewardFunction.perPrompt(group -> group.stream()
                        .mapToDouble(sample -> sample.pixels()[0] == culprit ? Double.NaN : 1)
                        .toArray())
                .named("picky");
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            samples.addAll(Samples.ofPrompts(new String[] {"prompt " + i % 3}, i));
        }
        assertThatThrownBy(() -> scoredInBatches(RewardMix.of(1, RED).and(1, picky), samples, batch, threads))
                .isInstanceOf(RewardException.class)
                .hasMessageContainingAll("\"picky\"", "sample " + culprit + " (\"prompt " + culprit % 3 + "\")");
    }

    @Test
    void underAPolicyOnlyTheFailingGroupIsMissing() throws InterruptedException {
        RewardFunction picky = RewardFunction.perPrompt(group -> {
                    if (group.get(0).prompt().equals("b")) {
                        throw new IllegalStateException("no connection");
                    }
                    return new double[group.size()];
                })
                .named("picky");
        List<Sample> samples = Samples.ofPrompts(new String[] {"a", "b", "a", "b"}, 1, 2, 3, 4);
        List<Score> scores = scoredInBatches(picky.onFailure(RewardFailure.NEUTRAL), samples, 1, 2)
                .totals();
        assertThat(scores).element(0).isEqualTo(new Score.Value(0));
        assertThat(scores).element(2).isEqualTo(new Score.Value(0));
        for (int missing : new int[] {1, 3}) {
            assertThat(scores.get(missing))
                    .isInstanceOfSatisfying(Score.Missing.class, gone -> assertThat(gone.reason())
                            .hasMessageContainingAll("\"picky\"", "no connection"));
        }
    }
}
