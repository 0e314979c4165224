package dev.rlcm.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class GroupRewardsTest {
    private static final RewardFunction RED =
            RewardFunction.each(sample -> sample.pixels()[0]).named("red");

    private static Sample red(double red) {
        return Samples.ofPrompts(new String[] {"a"}, red).get(0);
    }

    @Test
    void ranksAreSharesOfWorseSamplesOfTheSamePrompt() {
        String[] prompts = {"a", "b", "a", "a", "b", "a", "c"};
        List<Sample> samples = Samples.ofPrompts(prompts, 5, 100, 9, 5, -100, 1, 7);
        RewardFunction rank = GroupRewards.rank(RED);
        assertThat(rank.score(samples)).containsExactly(0.5, 1, 1, 0.5, 0, 0, 0.5);
        assertThat(rank.name()).isEqualTo("rank of red");
        assertThat(rank.scope()).isEqualTo(RewardScope.PROMPT);
    }

    @Test
    void aRewardOfTheWholeRolloutCannotBeRankedByPrompt() {
        RewardMix mix = RewardMix.of(1, RED).standardised(Standardisation.ROLLOUT);
        assertThatThrownBy(() -> GroupRewards.rank(mix))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("\"red, standardised by rollout\"", "rank its parts");
    }

    @Property(tries = 50)
    void winRatesOfAPromptAverageToAHalfWhateverTheJudgesBias(
            @ForAll @IntRange(min = 1, max = 6) int size,
            @ForAll @DoubleRange(min = 0, max = 1) double biasToTheFirst) {
        String[] prompts = new String[size];
        double[] reds = new double[size];
        for (int i = 0; i < size; i++) {
            prompts[i] = "a";
            reds[i] = i;
        }
        Preference judge = (first, second) -> 0.5 * biasToTheFirst + (first.pixels()[0] > second.pixels()[0] ? 0.5 : 0);
        double[] rates = GroupRewards.winRate(judge).score(Samples.ofPrompts(prompts, reds));
        for (int i = 0; i < size; i++) {
            // Against a worse one: (0.5 bias + 0.5 + 1 - 0.5 bias) / 2 = 3/4; against a better one 1/4.
            double expected = size == 1 ? 0.5 : (0.75 * i + 0.25 * (size - 1 - i)) / (size - 1);
            assertThat(rates[i]).isCloseTo(expected, within(1e-12));
        }
    }

    @Test
    void aPreferenceMustBeAProbability() {
        assertThatThrownBy(() -> GroupRewards.winRate((first, second) -> 1.5)
                        .score(Samples.ofPrompts(new String[] {"a", "a"}, 1, 2)))
                .isInstanceOf(RewardException.class)
                .hasMessageContainingAll("\"win rate\"", "[0, 1]", "1.5");
    }

    @Test
    void diversityIsTheMeanDistanceToTheOthersOfThePrompt() {
        RewardFunction diversity = GroupRewards.diversity((a, b) -> Math.abs(a.pixels()[0] - b.pixels()[0]));
        List<Sample> samples = Samples.ofPrompts(new String[] {"a", "a", "b", "a"}, 0, 1, 50, 5);
        assertThat(diversity.score(samples)).containsExactly(3, 2.5, 0, 4.5);
    }

    @Test
    void picturesOfOneSizeHaveADistance() {
        assertThat(GroupRewards.pixelDistance(red(0.2), red(0.2))).isZero();
        assertThat(GroupRewards.pixelDistance(red(0.2), red(0.5))).isCloseTo(0.3 / Math.sqrt(3), within(1e-7));
        assertThatThrownBy(() -> GroupRewards.pixelDistance(red(0), Sample.of("a", 1, 2, new float[6])))
                .hasMessageContainingAll("different sizes", "1x1", "1x2");
    }
}
