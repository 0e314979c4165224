package dev.rlcm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.optim.MovingAverage;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.testing.FlakyBackend;
import dev.rlcm.testing.ToyPolicies;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a trainer keeps besides weights, moments and statistics: a moving average, and several checkpoints. */
class TrainerStateTest {
    private static final RewardFunction RED = RewardFunction.each(sample -> sample.pixels()[0]);
    private static final TrainerConfig CONFIG =
            TrainerConfig.defaults().withEpochs(4).withTrajectories(8).withAverageDecay(0.9);

    @TempDir
    Path directory;

    private final ReferenceBackend backend = new ReferenceBackend();

    @AfterEach
    void close() {
        backend.close();
    }

    private static Trainer trainer(ConsistencyPolicy policy, TrainerConfig config) {
        PpoConfig ppo = PpoConfig.defaults().withLearningRate(2e-2).withClipRange(0.2);
        return new Trainer(policy, PpoOptimizer.of(policy, ppo), RED, Prompts.of("a", "b"), config);
    }

    private static List<float[]> weights(ConsistencyPolicy policy) {
        return policy.adapter().tensors().values().stream()
                .map(TensorData::toFloats)
                .toList();
    }

    private static List<float[]> averages(Trainer trainer, ConsistencyPolicy policy) {
        MovingAverage.Applied applied = trainer.applyAverage();
        try (applied) {
            return weights(policy);
        }
    }

    private static void assertSame(List<float[]> actual, List<float[]> expected) {
        assertThat(actual).usingRecursiveComparison().isEqualTo(expected);
    }

    @Test
    void anAverageFollowsTrainingAndDoesNotChangeIt() throws InterruptedException {
        ConsistencyPolicy plain = ToyPolicies.fresh(backend);
        List<float[]> initial = weights(plain);
        Trainer without = new Trainer(
                plain,
                PpoOptimizer.of(
                        plain, PpoConfig.defaults().withLearningRate(2e-2).withClipRange(0.2)),
                RED,
                Prompts.of("a", "b"),
                TrainerConfig.defaults().withEpochs(4).withTrajectories(8));
        without.run(report -> {});
        ConsistencyPolicy averaged = ToyPolicies.fresh(backend);
        Trainer with = trainer(averaged, CONFIG);
        with.run(report -> {});
        assertSame(weights(averaged), weights(plain));
        assertSame(averages(without, plain), weights(plain));
        assertThat(averages(with, averaged)).usingRecursiveComparison().isNotEqualTo(weights(averaged));
        assertThat(averages(with, averaged)).usingRecursiveComparison().isNotEqualTo(initial);
        assertSame(weights(averaged), weights(plain));
    }

    @Test
    void aResumedRunContinuesItsAverageBitForBit() throws IOException, InterruptedException {
        ConsistencyPolicy straight = ToyPolicies.fresh(backend);
        Trainer whole = trainer(straight, CONFIG);
        whole.run(report -> {});
        Trainer half = trainer(ToyPolicies.fresh(backend), CONFIG.withEpochs(2));
        half.run(report -> {});
        Path file = directory.resolve("checkpoint.safetensors");
        half.save(file);
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        Trainer rest = trainer(policy, CONFIG);
        rest.resume(file);
        rest.run(report -> {});
        assertSame(weights(policy), weights(straight));
        assertSame(averages(rest, policy), averages(whole, straight));
    }

    @Test
    void anAverageThatTheSavedRunDidNotHaveBeginsAtItsParameters() throws IOException, InterruptedException {
        Path file = directory.resolve("checkpoint.safetensors");
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        Trainer trainer = trainer(policy, CONFIG);
        trainer.run(report -> {});
        trainer.save(file);
        Safetensors content = Safetensors.read(file);
        Map<String, TensorData> tensors = new LinkedHashMap<>(content.tensors());
        tensors.keySet().removeIf(name -> name.startsWith("moving_average."));
        assertThat(tensors).hasSizeLessThan(content.tensors().size());
        Path without = directory.resolve("without.safetensors");
        new Safetensors(tensors, content.metadata()).write(without);
        Trainer resumed = trainer(policy, CONFIG);
        resumed.resume(without);
        assertSame(averages(resumed, policy), weights(policy));
    }

    @Test
    void theStepsOfAnUpdateThatFailsAreTakenOutOfTheAverage() throws InterruptedException {
        try (FlakyBackend flaky = new FlakyBackend()) {
            ConsistencyPolicy policy = ToyPolicies.fresh(flaky);
            Trainer trainer = trainer(policy, CONFIG);
            List<float[]> before = averages(trainer, policy);
            flaky.failAfter(7); // 6 of sampling, 1 of the first optimiser step
            assertThatThrownBy(() -> trainer.run(report -> {})).isInstanceOf(BackendException.class);
            assertSame(averages(trainer, policy), before);
        }
    }

    @Test
    void theLatestCheckpointsAreKept() throws IOException, InterruptedException {
        CheckpointFiles files = new CheckpointFiles(directory, 2);
        Trainer trainer = trainer(ToyPolicies.fresh(backend), CONFIG);
        trainer.run(report -> {
            try {
                files.save(trainer);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        try (Stream<Path> kept = Files.list(directory.resolve("checkpoints"))) {
            assertThat(kept.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("epoch-000003.safetensors", "epoch-000004.safetensors");
        }
        Path earlier = directory.resolve("checkpoints/epoch-000003.safetensors");
        assertThat(Checkpoint.read(files.latest()).epoch()).isEqualTo(4);
        assertThat(Checkpoint.read(earlier).epoch()).isEqualTo(3);
        assertThat(CheckpointFiles.runOf(earlier)).isEqualTo(directory);
        assertThat(CheckpointFiles.runOf(files.latest())).isEqualTo(directory);
        assertThatThrownBy(() -> new CheckpointFiles(directory, 0)).hasMessage("kept must be at least 1, got 0");
    }

    @Test
    void oneCheckpointNeedsNoDirectory() throws IOException {
        new CheckpointFiles(directory, 1).save(trainer(ToyPolicies.fresh(backend), CONFIG));
        assertThat(directory.resolve("checkpoint.safetensors")).exists();
        assertThat(directory.resolve("checkpoints")).doesNotExist();
    }
}
