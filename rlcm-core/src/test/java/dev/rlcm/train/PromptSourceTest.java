package dev.rlcm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.testing.ToyPolicies;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PromptSourceTest {
    private static final TrainerConfig CONFIG =
            TrainerConfig.defaults().withEpochs(2).withTrajectories(4);

    private static void train(PromptSource prompts, RewardFunction reward) throws InterruptedException {
        try (ReferenceBackend backend = new ReferenceBackend()) {
            ConsistencyPolicy policy = ToyPolicies.fresh(backend);
            PpoOptimizer ppo = PpoOptimizer.of(policy, PpoConfig.defaults());
            new Trainer(policy, ppo, reward, prompts, CONFIG).run(report -> {});
        }
    }

    @Test
    void aSourceOfOnesOwnIsAskedForEveryEpochAndItsMetadataReachesTheReward() throws InterruptedException {
        PromptSource curriculum = (epoch, count, random) -> {
            List<Prompt> prompts = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                prompts.add(Prompt.of("a cat").with("epoch", epoch).with("place", i));
            }
            return prompts;
        };
        List<String> seen = new ArrayList<>();
        RewardFunction reward = RewardFunction.each(sample -> {
            seen.add(sample.prompt() + " " + sample.metadata());
            return sample.pixels()[0];
        });
        train(curriculum, reward);
        assertThat(seen)
                .startsWith("a cat {epoch=0, place=0}", "a cat {epoch=0, place=1}")
                .endsWith("a cat {epoch=1, place=3}")
                .hasSize(8);
    }

    @Test
    void aSourceThatGivesAnotherNumberOfPromptsIsRefused() {
        assertThatThrownBy(() -> train((epoch, count, random) -> List.of(Prompt.of("a cat")), s -> new double[1]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must give the 4 prompts of epoch 0 that it is asked for, got 1");
    }

    /** So that {@link PromptSource#draw} of a list gives the draws that runs were made with before there were sources. */
    @Test
    void textsAreDrawnAlikeByBothMethods() {
        Prompts prompts = Prompts.of("a", "b", "c");
        RandomStreams random = RandomStreams.seeded(3);
        assertThat(prompts.draw(7, 20, random)).isEqualTo(Prompt.all(prompts.draw(20, random)));
    }

    @Test
    void weightsAreProbabilitiesUpToAFactor() {
        List<Prompt> prompts = Prompt.all(List.of("never", "often", "seldom"));
        var counts = PromptSource.weighted(prompts, 0, 6, 2).draw(0, 20_000, RandomStreams.seeded(1)).stream()
                .collect(Collectors.groupingBy(Prompt::text, Collectors.counting()));
        assertThat(counts).containsOnlyKeys("often", "seldom");
        assertThat(counts.get("often")).isBetween(14_700L, 15_300L); // 5 standard deviations
    }

    @Test
    void equalWeightsAreUniformAndKeepTheMetadata() {
        List<Prompt> prompts =
                List.of(Prompt.of("a").with("n", 1), Prompt.of("a").with("n", 2));
        var counts = PromptSource.uniform(prompts).draw(0, 10_000, RandomStreams.seeded(2)).stream()
                .collect(Collectors.groupingBy(prompt -> prompt.metadata().get("n"), Collectors.counting()));
        assertThat(counts.get(1)).isBetween(4_750L, 5_250L);
    }

    @Test
    void impossibleWeightsAreRefusedWithTheirValue() {
        List<Prompt> one = List.of(Prompt.of("a cat"));
        assertThatThrownBy(() -> PromptSource.weighted(one, -1))
                .hasMessage("the weight of \"a cat\" must be finite and not negative, got -1.0");
        assertThatThrownBy(() -> PromptSource.weighted(one, 0)).hasMessageContaining("must be positive and finite");
        assertThatThrownBy(() -> PromptSource.weighted(one, 1, 2)).hasMessageContaining("1 prompts and 2 weights");
        assertThatThrownBy(() -> PromptSource.uniform(List.of())).hasMessageContaining("at least one prompt");
    }

    @Test
    void namesTellPromptsApart() {
        assertThat(Prompts.of("a", "b").name())
                .startsWith("2 prompts (")
                .isEqualTo(Prompts.of("a", "b").name())
                .isNotEqualTo(Prompts.of("a", "c").name());
        PromptSource lambda = (epoch, count, random) -> List.of();
        assertThat(lambda.name()).isEqualTo("custom");
    }

    @Test
    void metadataIsCopiedAndNeverNull() {
        Prompt prompt = Prompt.of("two cats").with("count", 2);
        assertThat(Sample.of("x", 1, 1, new float[3]).metadata()).isEmpty();
        assertThat(Sample.of("x", 1, 1, new float[3]).withPrompt(prompt).metadata())
                .containsEntry("count", 2);
        assertThatThrownBy(() -> prompt.metadata().put("count", 3)).isInstanceOf(UnsupportedOperationException.class);
    }
}
