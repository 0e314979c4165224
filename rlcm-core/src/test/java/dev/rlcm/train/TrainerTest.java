package dev.rlcm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.testing.ToyModel;
import dev.rlcm.testing.ToyPolicies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.apache.commons.math3.stat.StatUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {
    private static final RewardFunction RED = RewardFunction.each(sample -> sample.pixels()[0]);
    private static final TrainerConfig CONFIG =
            TrainerConfig.defaults().withEpochs(6).withTrajectories(8).withSeed(5);

    @TempDir
    Path directory;

    private final ReferenceBackend backend = new ReferenceBackend();

    @AfterEach
    void close() {
        backend.close();
    }

    private Trainer trainer(ConsistencyPolicy policy, RewardFunction reward, TrainerConfig config) {
        return trainer(policy, reward, config, config.advantages());
    }

    private Trainer trainer(
            ConsistencyPolicy policy, RewardFunction reward, TrainerConfig config, AdvantageEstimator credit) {
        PpoConfig ppo = PpoConfig.defaults()
                .withLearningRate(2e-2)
                .withClipRange(0.2)
                .withTrajectoriesPerStep(4)
                .withInnerEpochs(2);
        return new Trainer(policy, PpoOptimizer.of(policy, ppo), reward, Prompts.of("a", "b"), config, credit);
    }

    private static List<float[]> weights(LoraAdapter adapter) {
        return adapter.tensors().values().stream().map(t -> t.toFloats()).toList();
    }

    /** The mean reward of fixed prompts and noises. */
    private static double evaluate(ConsistencyPolicy policy) {
        List<String> prompts = List.of("a", "b", "a", "b", "a", "b", "a", "b");
        return StatUtils.mean(
                RED.score(policy.rollout(prompts, RandomStreams.seeded(99)).samples()));
    }

    @Test
    void trainingRaisesTheReward() throws InterruptedException {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        double before = evaluate(policy);
        trainer(policy, RED, CONFIG.withEpochs(12).withTrajectories(16)).run(report -> {});
        assertThat(evaluate(policy)).isGreaterThan(before + 0.5);
    }

    @Test
    void samplesOfAPromptAreComparedWithEachOther() throws InterruptedException {
        TrainerConfig config = CONFIG.withEpochs(1).withSamplesPerPrompt(4);
        trainer(ToyPolicies.fresh(backend), RED, config).run(report -> {
            List<String> prompts = report.rollout().prompts();
            assertThat(prompts).hasSize(8);
            assertThat(new HashSet<>(prompts.subList(0, 4))).hasSize(1);
            assertThat(new HashSet<>(prompts.subList(4, 8))).hasSize(1);
            assertThat(report.advantages())
                    .containsExactly(AdvantageEstimator.withinPrompt().estimate(prompts, report.rewards()));
        });
        assertThatThrownBy(() -> CONFIG.withSamplesPerPrompt(3))
                .hasMessage("samplesPerPrompt must divide trajectories 8, got 3");
    }

    @Test
    void advantagesMayBeOnesOwn() throws InterruptedException {
        AdvantageEstimator raw = (keys, rewards) -> rewards.clone();
        trainer(ToyPolicies.fresh(backend), RED, CONFIG.withEpochs(1), raw)
                .run(report -> assertThat(report.advantages()).containsExactly(report.rewards()));
    }

    @Test
    void whatAPolicyAndAnOptimiserTakeCanBeFreedEarlier() throws InterruptedException {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        PpoOptimizer ppo = PpoOptimizer.of(policy, PpoConfig.defaults());
        Rollout rollout = policy.rollout(List.of("a", "b"), RandomStreams.seeded(1));
        ppo.update(rollout, new double[] {1, -1});
        ppo.close();
        ppo.close();
        ppo.update(rollout, new double[] {1, -1});
        policy.close();
        policy.close();
        assertThatThrownBy(() -> policy.rollout(List.of("a"), RandomStreams.seeded(1)))
                .isInstanceOf(RuntimeException.class)
                .hasMessageContaining("closed");
        assertThat(evaluate(ConsistencyPolicy.of(
                        new ToyModel(), policy.schedule(), policy.plan(), policy.adapter(), backend)))
                .isFinite();
    }

    @Test
    void aResumedRunContinuesBitForBit() throws IOException, InterruptedException {
        ConsistencyPolicy straight = ToyPolicies.fresh(backend);
        trainer(straight, RED, CONFIG).run(report -> {});

        Path checkpoint = directory.resolve("checkpoint.safetensors");
        ConsistencyPolicy interrupted = ToyPolicies.fresh(backend);
        Trainer first = trainer(interrupted, RED, CONFIG);
        first.run(report -> {
            if (report.epoch() == 2) {
                first.stop();
            }
        });
        first.save(checkpoint);
        ConsistencyPolicy resumed = ToyPolicies.fresh(backend);
        Trainer second = trainer(resumed, RED, CONFIG);
        assertThat(second.epochsDone()).isZero();
        second.resume(checkpoint);
        assertThat(second.epochsDone()).isEqualTo(3);
        List<Integer> epochs = new ArrayList<>();
        second.run(report -> epochs.add(report.epoch()));
        assertThat(epochs).containsExactly(3, 4, 5);
        assertThat(weights(resumed.adapter())).usingRecursiveComparison().isEqualTo(weights(straight.adapter()));
    }

    @Test
    void aCheckpointOfAnotherSeedIsRefused() throws IOException {
        Path checkpoint = directory.resolve("checkpoint.safetensors");
        trainer(ToyPolicies.fresh(backend), RED, CONFIG).save(checkpoint);
        Trainer other = trainer(ToyPolicies.fresh(backend), RED, CONFIG.withSeed(6));
        assertThatThrownBy(() -> other.resume(checkpoint))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("seed");
    }

    @Test
    void whatIsNoCheckpointOfThisAdapterIsRefusedAndChangesNothing() throws IOException {
        Path file = directory.resolve("file.safetensors");
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        Trainer trainer = trainer(policy, RED, CONFIG);
        policy.adapter().save(file);
        assertThatThrownBy(() -> trainer.resume(file))
                .isInstanceOf(IOException.class)
                .hasMessage(file
                        + " is not a checkpoint of a Trainer, which has a seed, an alpha, an epoch and statistics");

        trainer.save(file);
        LoraAdapter adapter = policy.adapter();
        LoraConfig louder = adapter.config().withAlpha(2 * adapter.config().alpha());
        ConsistencyPolicy other = ConsistencyPolicy.of(
                new ToyModel(),
                policy.schedule(),
                policy.plan(),
                LoraAdapter.of(louder, adapter.sites(), adapter.tensors()),
                backend);
        assertThatThrownBy(() -> trainer(other, RED, CONFIG).resume(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("its alpha is 2.0, that of this run is 4.0");
    }

    @Test
    void aFailingRewardIsNamedAndTheAdapterStaysAsItWas() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        List<float[]> before = weights(policy.adapter());
        Trainer trainer =
                trainer(policy, RewardFunction.each(sample -> Double.NaN).named("my reward"), CONFIG);
        assertThatThrownBy(() -> trainer.run(report -> {}))
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("my reward");
        assertThat(weights(policy.adapter())).usingRecursiveComparison().isEqualTo(before);
    }

    @Test
    void promptsWithoutContentAreRefused() throws IOException {
        assertThatThrownBy(Prompts::of).hasMessageContaining("no prompts");
        Path empty = directory.resolve("empty.txt");
        Files.writeString(empty, "\n  \n");
        assertThatThrownBy(() -> Prompts.lines(empty))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("empty.txt");
        assertThatThrownBy(() -> Prompts.lines(directory))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(directory + " is a directory");
    }
}
