package dev.rlcm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.testing.FlakyBackend;
import dev.rlcm.testing.Logged;
import dev.rlcm.testing.ToyModel;
import dev.rlcm.testing.ToyPolicies;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
    private static final RewardFunction RED = RewardFunction.each(sample -> sample.pixels()[0]);
    private static final TrainerConfig CONFIG =
            TrainerConfig.defaults().withEpochs(6).withTrajectories(8).withSeed(5);
    private static final PpoConfig PPO = PpoConfig.defaults()
            .withLearningRate(2e-2)
            .withClipRange(0.2)
            .withTrajectoriesPerStep(4)
            .withInnerEpochs(2);

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
        return new Trainer(policy, PpoOptimizer.of(policy, PPO), reward, Prompts.of("a", "b"), config, credit);
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
    void samplesOfAPromptMayBeginAtTheSameLatent() throws InterruptedException {
        TrainerConfig config = CONFIG.withEpochs(1).withSamplesPerPrompt(4).withCommonBeginnings(true);
        trainer(ToyPolicies.fresh(backend), RED, config).run(report -> {
            List<float[]> beginnings = report.rollout().trajectories().stream()
                    .map(trajectory -> trajectory.state(0))
                    .toList();
            assertThat(beginnings.get(3)).isEqualTo(beginnings.get(0)).isNotEqualTo(beginnings.get(4));
            assertThat(report.rollout().trajectories().get(3).state(1))
                    .isNotEqualTo(report.rollout().trajectories().get(0).state(1));
        });
    }

    @Test
    void aReportSumsUpItsRewards() throws InterruptedException {
        RewardFunction places = samples ->
                IntStream.range(0, samples.size()).mapToDouble(i -> i).toArray();
        Trainer trainer = trainer(ToyPolicies.fresh(backend), places, CONFIG.withEpochs(1));
        trainer.run(report -> {
            assertThat(report.rewards()).hasSize(8);
            assertThat(report.rewardMean()).isEqualTo(StatUtils.mean(report.rewards()));
            assertThat(report.rewardStd())
                    .isEqualTo(Math.sqrt(StatUtils.populationVariance(report.rewards())))
                    .isPositive();
            assertThat(report.rewardMin()).isZero();
            assertThat(report.rewardMax()).isEqualTo(StatUtils.max(report.rewards()));
        });
        assertThat(trainer.isStopping()).isFalse();
        trainer.stop();
        assertThat(trainer.isStopping()).isTrue();
    }

    @Test
    void advantagesMayBeOnesOwn() throws InterruptedException {
        AdvantageEstimator raw = (keys, rewards) -> rewards.clone();
        trainer(ToyPolicies.fresh(backend), RED, CONFIG.withEpochs(1), raw)
                .run(report -> assertThat(report.advantages()).containsExactly(report.rewards()));
        AdvantageEstimator byAction = (keys, rewards) -> new double[2 * rewards.length];
        trainer(ToyPolicies.fresh(backend), RED, CONFIG.withEpochs(1), byAction)
                .run(report -> assertThat(report.advantages()).hasSize(16));
        Trainer wrong =
                trainer(ToyPolicies.fresh(backend), RED, CONFIG.withEpochs(1), (keys, rewards) -> new double[3]);
        assertThatThrownBy(() -> wrong.run(report -> {}))
                .hasMessage(
                        "the estimator of advantages must give 8, one per trajectory, or 16, one per action, got 3");
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

    /** All that a trainer's checkpoint holds, so that a test can tell whether any of it has changed. */
    private Map<String, double[]> everything(Trainer trainer) throws IOException {
        Path file = directory.resolve("everything.safetensors");
        trainer.save(file);
        Safetensors content = Safetensors.read(file);
        Map<String, double[]> numbers = new LinkedHashMap<>();
        content.tensors().forEach((name, tensor) -> numbers.put(name, tensor.toDoubles()));
        content.metadata().forEach((name, text) -> numbers.put(name + "=" + text, new double[0]));
        return numbers;
    }

    private void assertRefusedAndUnchanged(Trainer trainer, Path file, String... message) throws IOException {
        Map<String, double[]> before = everything(trainer);
        int epochs = trainer.epochsDone();
        assertThatThrownBy(() -> trainer.resume(file))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(message);
        assertThat(everything(trainer)).usingRecursiveComparison().isEqualTo(before);
        assertThat(trainer.epochsDone()).isEqualTo(epochs);
    }

    /** A run of two epochs, all of whose state differs from that of a fresh one. */
    private Path trained() throws IOException, InterruptedException {
        Trainer trainer = trainer(ToyPolicies.fresh(backend), RED, CONFIG.withEpochs(2));
        trainer.run(report -> {});
        Path file = directory.resolve("trained.safetensors");
        trainer.save(file);
        return file;
    }

    @Test
    void aCheckpointOfAnotherRunIsRefusedByTheNameOfTheSettingAndChangesNothing()
            throws IOException, InterruptedException {
        Path file = trained();
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        assertRefusedAndUnchanged(
                trainer(policy, RED, CONFIG.withSeed(6)), file, "seed is 5 in the checkpoint, 6 in this run");
        assertRefusedAndUnchanged(
                trainer(policy, RED, CONFIG.withStatistics(8, 4)),
                file,
                "advantages is perPrompt(16, 16, 10000) in the checkpoint, perPrompt(8, 4, 10000) in this run");
        assertRefusedAndUnchanged(
                trainer(ToyPolicies.fresh(backend, SamplingPlan.steps(4)), RED, CONFIG),
                file,
                "policy.evaluations is 3 in the checkpoint, 4 in this run",
                "policy.schedule is ");
        LoraAdapter adapter = policy.adapter();
        LoraConfig louder = adapter.config().withAlpha(2 * adapter.config().alpha());
        ConsistencyPolicy other = ConsistencyPolicy.of(
                new ToyModel(),
                policy.schedule(),
                policy.plan(),
                LoraAdapter.of(louder, adapter.sites(), adapter.tensors()),
                backend);
        assertRefusedAndUnchanged(trainer(other, RED, CONFIG), file, "policy.lora is ", "alpha=2.0", "alpha=4.0");
    }

    @Test
    void whatIsNoCheckpointIsRefusedAndChangesNothing() throws IOException {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        Path file = directory.resolve("file.safetensors");
        policy.adapter().save(file);
        assertRefusedAndUnchanged(trainer(policy, RED, CONFIG), file, file + " is not a checkpoint");
    }

    /** Each part of a checkpoint in turn is damaged; the parts before it must not be restored then. */
    @ParameterizedTest
    @ValueSource(strings = {"adapter.", "optimizer.exp_avg.0", "optimizer.loss_scale", "statistics"})
    void aDamagedPartIsRefusedAndChangesNothing(String part) throws IOException, InterruptedException {
        Path file = trained();
        Safetensors content = Safetensors.read(file);
        Map<String, TensorData> tensors = new LinkedHashMap<>(content.tensors());
        Map<String, String> metadata = new LinkedHashMap<>(content.metadata());
        tensors.replaceAll((name, tensor) -> name.startsWith(part) ? TensorData.floats(Shape.of(1), 0) : tensor);
        metadata.computeIfPresent(part, (name, json) -> "{\"rewards\":{\"a\":[\"much\"]}}");
        Path damaged = directory.resolve("damaged.safetensors");
        new Safetensors(tensors, metadata).write(damaged);
        assertRefusedAndUnchanged(trainer(ToyPolicies.fresh(backend), RED, CONFIG), damaged, "must be");
    }

    @Test
    void settingsThatMayChangeAreWarnedOfByName() throws IOException, InterruptedException {
        Path file = trained();
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        PpoOptimizer ppo = PpoOptimizer.of(policy, PPO.withInnerEpochs(3));
        Trainer trainer = new Trainer(policy, ppo, RED.named("red"), Prompts.of("a", "c"), CONFIG);
        List<String> warnings = Logged.during(() -> {
            try {
                trainer.resume(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        assertThat(trainer.epochsDone()).isEqualTo(2);
        assertThat(warnings).singleElement().satisfies(line -> assertThat(line)
                .contains("ppo.innerEpochs is 2 in the checkpoint, 3 in this run")
                .contains("reward is custom reward in the checkpoint, red in this run")
                .contains("prompts is 2 prompts (")
                .doesNotContain("clipRange"));
    }

    /** Whatever of an epoch fails, and however far it got: it counts as a whole or not at all. */
    @ParameterizedTest
    @ValueSource(ints = {0, 4, 6, 9})
    void anEpochThatFailsLeavesNothingBehind(int runs) throws IOException, InterruptedException {
        ConsistencyPolicy straight = ToyPolicies.fresh(backend);
        Trainer expected = trainer(straight, RED, CONFIG);
        expected.run(report -> {});
        try (FlakyBackend flaky = new FlakyBackend()) {
            ConsistencyPolicy troubled = ToyPolicies.fresh(flaky);
            Trainer trainer = trainer(troubled, RED, CONFIG);
            assertThatThrownBy(() -> trainer.run(report -> {
                        if (report.epoch() == 1) {
                            flaky.failAfter(runs); // 6 of sampling, 4 of the update
                        }
                    }))
                    .isInstanceOf(BackendException.class);
            assertThat(trainer.epochsDone()).isEqualTo(2);
            flaky.mend();
            trainer.run(report -> {});
            assertThat(everything(trainer)).usingRecursiveComparison().isEqualTo(everything(expected));
        }
    }

    @Test
    void rewardsMayBeScoredOnSeveralThreads() throws InterruptedException {
        ConsistencyPolicy one = ToyPolicies.fresh(backend);
        ConsistencyPolicy several = ToyPolicies.fresh(backend);
        Set<String> threads = ConcurrentHashMap.newKeySet();
        CyclicBarrier together = new CyclicBarrier(2);
        RewardFunction meeting = samples -> {
            threads.add(Thread.currentThread().getName());
            try {
                together.await(60, TimeUnit.SECONDS); // both threads are in here at once, or this fails
            } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                throw new IllegalStateException(e);
            }
            return RED.score(samples);
        };
        trainer(one, RED, CONFIG.withEpochs(2)).run(report -> {});
        trainer(several, meeting, CONFIG.withEpochs(2).withRewardThreads(2)).run(report -> {});
        assertThat(threads).hasSizeGreaterThan(1);
        assertThat(weights(several.adapter())).usingRecursiveComparison().isEqualTo(weights(one.adapter()));
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
