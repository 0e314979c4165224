package dev.rlcm.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class CachedRewardTest {
    private final List<Sample> scored = Collections.synchronizedList(new ArrayList<>());
    private final RewardFunction recording = RewardFunction.each(sample -> {
                scored.add(sample);
                return sample.pixels()[0] + sample.prompt().length();
            })
            .named("recording");

    @Property(tries = 60)
    void aCachedRewardIsTheRewardAtAnySizeOfTheCache(
            @ForAll List<@Size(max = 12) List<@IntRange(max = 9) Integer>> calls,
            @ForAll @IntRange(min = 1, max = 5) int size) {
        RewardFunction cached = recording.cached(size);
        for (List<Integer> call : calls) {
            List<Sample> samples = Samples.ofPrompts(
                    call.stream().map(i -> "prompt").toArray(String[]::new),
                    call.stream().mapToDouble(i -> i).toArray());
            assertThat(cached.score(samples)).containsExactly(recording.score(samples));
        }
    }

    @Test
    void whatWasScoredLatelyIsNotScoredAgain() {
        RewardFunction cached = recording.cached(2);
        cached.score(Samples.ofPrompts(new String[] {"a", "a", "a"}, 1, 2, 1));
        assertThat(scored).hasSize(2);
        cached.score(Samples.ofPrompts(new String[] {"a", "a"}, 2, 1));
        assertThat(scored).hasSize(2);
        cached.score(Samples.ofPrompts(new String[] {"a"}, 3));
        cached.score(Samples.ofPrompts(new String[] {"a"}, 2));
        assertThat(scored).as("3 took the place of 2, which was used before 1").hasSize(4);
    }

    @Test
    void promptMetadataAndSizeBelongToTheContent() {
        RewardFunction cached = recording.cached(10);
        Sample tall = Sample.of("a", 2, 1, new float[6]);
        Sample wide = Sample.of("a", 1, 2, new float[6]);
        Sample other = Sample.of("b", 1, 2, new float[6]);
        Sample two = wide.withPrompt(Prompt.of("a").with("count", 2));
        cached.score(List.of(tall, wide, other, two, tall));
        assertThat(scored).containsExactly(tall, wide, other, two);
    }

    @Test
    void metadataWhoseTextsAreAlikeAreToldApart() {
        RewardFunction cached = recording.cached(10);
        Sample picture = Sample.of("a", 1, 1, new float[3]);
        List<Sample> samples = Stream.of(2, "2", List.of("x, y"), List.of("x", "y"), true, "true")
                .map(value -> picture.withPrompt(Prompt.of("a").with("field", value)))
                .toList();
        cached.score(samples);
        cached.score(samples);
        assertThat(scored).containsExactlyElementsOf(samples);
        cached.score(List.of(picture.withPrompt(Prompt.of("a").with("one", 1).with("two", 2))));
        cached.score(List.of(picture.withPrompt(Prompt.of("a").with("two", 2).with("one", 1))));
        assertThat(scored).as("the order of fields is no content").hasSize(samples.size() + 1);
    }

    @Test
    void aFailureNamesTheSampleAndIsNotRemembered() {
        RewardFunction cached = RewardFunction.each(sample -> 1 / (sample.pixels()[0] - 3))
                .named("inverse")
                .cached(10);
        cached.score(Samples.count(2));
        for (int attempt = 0; attempt < 2; attempt++) {
            assertThatThrownBy(() -> cached.score(Samples.count(5)))
                    .isInstanceOf(RewardException.class)
                    .hasMessageContainingAll("\"inverse\"", "sample 3 (\"prompt 3\")");
        }
    }

    @Test
    void aPoolMayShareACache() throws InterruptedException {
        List<Sample> samples = Samples.count(40);
        try (RewardPool pool = RewardPool.of(recording.cached(20), 4)) {
            for (int round = 0; round < 5; round++) {
                assertThat(pool.submit(samples).await()).containsExactly(recording.score(samples));
            }
        }
    }

    @Test
    void whatCannotBeCachedIsRefused() {
        assertThatThrownBy(() -> GroupRewards.rank(recording).cached(5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("\"rank of recording\"", "depend on other samples");
        assertThatThrownBy(() -> recording.cached(0)).hasMessage("a cache must keep at least 1 score, got 0");
    }
}
