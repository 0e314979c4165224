package dev.rlcm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class HeldOutPromptsTest {
    private static final RandomStreams RANDOM = RandomStreams.seeded(7);

    private static List<Prompt> prompts(int count) {
        return IntStream.range(0, count).mapToObj(i -> Prompt.of("a cat " + i)).toList();
    }

    @Property(tries = 200)
    void everyPromptIsInExactlyOnePart(
            @ForAll @IntRange(min = 2, max = 40) int count, @ForAll @DoubleRange(min = 0.01, max = 0.99) double share) {
        List<Prompt> all = prompts(count);
        HeldOutPrompts split = HeldOutPrompts.split(all, share, RANDOM);
        assertThat(split.training()).isNotEmpty().doesNotContainAnyElementsOf(split.evaluation());
        assertThat(split.evaluation()).isNotEmpty();
        assertThat(all.stream().filter(split.training()::contains)).isEqualTo(split.training());
        assertThat(split.training().size() + split.evaluation().size()).isEqualTo(count);
        assertThat(Math.abs(split.evaluation().size() - share * count)).isLessThanOrEqualTo(1);
        assertThat(HeldOutPrompts.split(all, share, RANDOM)).isEqualTo(split);
    }

    @Test
    void whatCannotBeDividedIsRefused() {
        List<Prompt> twice = List.of(Prompt.of("a cat"), Prompt.of("a cat"));
        assertThatThrownBy(() -> HeldOutPrompts.split(twice, 0.5, RANDOM))
                .hasMessage("the number of different prompts must be at least 2, got 1");
        assertThatThrownBy(() -> HeldOutPrompts.split(prompts(4), 1, RANDOM))
                .hasMessage("share must be in (0, 1), got 1.0");
    }
}
