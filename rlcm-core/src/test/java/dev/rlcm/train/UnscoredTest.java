package dev.rlcm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.testing.Logged;
import dev.rlcm.testing.ToyPolicies;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What pictures without a reward do to training. */
class UnscoredTest {
    private static final RewardFunction RED = RewardFunction.each(sample -> sample.pixels()[0]);
    private static final TrainerConfig CONFIG =
            TrainerConfig.defaults().withEpochs(4).withTrajectories(8).withSeed(5);
    private static final PpoConfig PPO =
            PpoConfig.defaults().withLearningRate(2e-2).withClipRange(0.2).withTrajectoriesPerStep(4);

    @TempDir
    Path directory;

    private final ReferenceBackend backend = new ReferenceBackend();

    @AfterEach
    void close() {
        backend.close();
    }

    /** About a third of all pictures, chosen by what is on them. */
    private static boolean isUnscorable(Sample sample) {
        return Math.floorMod(Float.floatToIntBits(sample.pixels()[0]), 3) == 0;
    }

    private static final RewardFunction FAILING = RewardFunction.each(sample -> {
        if (isUnscorable(sample)) {
            throw RewardException.of(RewardException.Kind.TIMED_OUT, "judge", "no answer");
        }
        return sample.pixels()[0];
    });

    private static Trainer trainer(ConsistencyPolicy policy, RewardFunction reward, TrainerConfig config) {
        return new Trainer(policy, PpoOptimizer.of(policy, PPO), reward, Prompts.of("a", "b"), config);
    }

    private static List<float[]> weights(ConsistencyPolicy policy) {
        return policy.adapter().tensors().values().stream()
                .map(t -> t.toFloats())
                .toList();
    }

    @Test
    void trainingWithDroppedPicturesIsTrainingWithoutThem() throws InterruptedException {
        ConsistencyPolicy dropping = ToyPolicies.fresh(backend);
        List<EpochReport> reports = new ArrayList<>();
        trainer(dropping, FAILING.onFailure(RewardFailure.DROP), CONFIG).run(reports::add);

        ConsistencyPolicy without = ToyPolicies.fresh(backend);
        PpoOptimizer ppo = PpoOptimizer.of(without, PPO);
        AdvantageEstimator credit = CONFIG.advantages();
        int dropped = 0;
        for (int epoch = 0; epoch < CONFIG.epochs(); epoch++) {
            RandomStreams random = RandomStreams.seeded(5).at("epoch").at(epoch);
            List<String> prompts = Prompts.of("a", "b").draw(8, random);
            Rollout sampled = without.rollout(prompts, random.at("noise"));
            List<Integer> scorable = IntStream.range(0, 8)
                    .filter(i -> !isUnscorable(sampled.samples().get(i)))
                    .boxed()
                    .toList();
            dropped += 8 - scorable.size();
            Rollout rollout = sampled.select(scorable);
            double[] rewards = RED.score(rollout.samples());
            ppo.update(rollout, credit.estimate(rollout.prompts(), rewards));

            EpochReport report = reports.get(epoch);
            assertThat(report.rollout().prompts()).isEqualTo(rollout.prompts());
            assertThat(report.rewards()).containsExactly(rewards);
            assertThat(report.unscored()).hasSize(8 - scorable.size()).allSatisfy(unscored -> {
                assertThat(unscored.isDropped()).isTrue();
                assertThat(scorable).doesNotContain(unscored.index());
                assertThat(unscored.prompt()).isEqualTo(prompts.get(unscored.index()));
                assertThat(unscored.missing().reason().kind()).isEqualTo(RewardException.Kind.TIMED_OUT);
            });
        }
        assertThat(dropped).isPositive();
        assertThat(weights(dropping)).usingRecursiveComparison().isEqualTo(weights(without));
    }

    @Test
    void everyEpochSaysHowManyPicturesHaveNoRewardAndWhy() {
        List<EpochReport> reports = new ArrayList<>();
        List<String> warnings = Logged.during(() -> {
            try {
                trainer(ToyPolicies.fresh(backend), FAILING.onFailure(RewardFailure.DROP), CONFIG.withEpochs(1))
                        .run(reports::add);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        int dropped = reports.get(0).unscored().size();
        assertThat(dropped).isPositive();
        assertThat(warnings).singleElement().satisfies(line -> assertThat(line)
                .contains("Epoch 0: " + dropped + " of 8 pictures have no reward; " + dropped
                        + " were dropped, 0 count as neutral")
                .contains("no answer"));
    }

    @Test
    void neutralPicturesStayWithTheirPromptsMeanAndNoAdvantage() throws InterruptedException {
        TrainerConfig config = CONFIG.withSamplesPerPrompt(4);
        trainer(ToyPolicies.fresh(backend), FAILING.onFailure(RewardFailure.NEUTRAL), config)
                .run(report -> {
                    assertThat(report.rollout().size()).isEqualTo(8);
                    assertThat(report.unscored()).allMatch(unscored -> !unscored.isDropped());
                    List<Integer> scored =
                            new ArrayList<>(IntStream.range(0, 8).boxed().toList());
                    for (Unscored unscored : report.unscored()) {
                        scored.remove((Integer) unscored.index());
                        assertThat(report.advantages()[unscored.index()]).isZero();
                        double[] others = IntStream.range(0, 8)
                                .filter(i -> report.rollout().prompts().get(i).equals(unscored.prompt()))
                                .filter(i ->
                                        !isUnscorable(report.rollout().samples().get(i)))
                                .mapToDouble(i -> report.rewards()[i])
                                .toArray();
                        if (others.length > 0) {
                            assertThat(report.rewards()[unscored.index()])
                                    .isCloseTo(StatUtils.mean(others), within(1e-12));
                        }
                    }
                    Rollout present = report.rollout().select(scored);
                    double[] estimated = config.advantages().estimate(present.prompts(), RED.score(present.samples()));
                    assertThat(scored.stream().mapToDouble(i -> report.advantages()[i]))
                            .containsExactly(IntStream.range(0, estimated.length)
                                    .mapToObj(i -> estimated[i])
                                    .toArray(Double[]::new));
                });
    }

    @Test
    void whereNoPictureHasARewardTheReasonIsThrownAndNothingChanges() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        List<float[]> before = weights(policy);
        RewardFunction never = RewardFunction.each(sample -> Double.NaN).named("never");
        Trainer trainer = trainer(policy, never.onFailure(RewardFailure.DROP), CONFIG);
        assertThatThrownBy(() -> trainer.run(report -> {}))
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("never");
        assertThat(trainer.epochsDone()).isZero();
        assertThat(weights(policy)).usingRecursiveComparison().isEqualTo(before);
    }

    @Test
    @Timeout(60)
    void aStopGivesUpAnEpochWhoseRewardIsPausedAndTheRunCanBeSavedAndResumed()
            throws InterruptedException, IOException {
        ConsistencyPolicy straight = ToyPolicies.fresh(backend);
        trainer(straight, RED, CONFIG).run(report -> {});

        ConsistencyPolicy stopped = ToyPolicies.fresh(backend);
        CountDownLatch paused = new CountDownLatch(1);
        RewardFunction awayFromTheThirdEpochOn = new RewardFunction() {
            private int batches;

            @Override
            public double[] score(List<Sample> samples) {
                if (batches++ < 4) {
                    return RED.score(samples);
                }
                paused.countDown();
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                throw RewardException.of(RewardException.Kind.INTERRUPTED, "away", "interrupted");
            }

            @Override
            public boolean isPaused() {
                return paused.getCount() == 0;
            }
        };
        Trainer trainer = trainer(stopped, awayFromTheThirdEpochOn, CONFIG);
        Thread ctrlC = new Thread(() -> {
            try {
                paused.await();
                trainer.stop();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        ctrlC.start();
        assertThat(trainer.run(report -> {})).isEqualTo(2);
        Path checkpoint = directory.resolve("checkpoint.safetensors");
        trainer.save(checkpoint);

        ConsistencyPolicy resumed = ToyPolicies.fresh(backend);
        Trainer second = trainer(resumed, RED, CONFIG);
        second.resume(checkpoint);
        second.run(report -> {});
        assertThat(weights(resumed)).usingRecursiveComparison().isEqualTo(weights(straight));
    }
}
