package dev.rlcm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.parallel.ReplicatedBackend;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.Objective;
import dev.rlcm.ppo.PairLoss;
import dev.rlcm.ppo.Pairing;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.testing.FlakyBackend;
import dev.rlcm.testing.ToyPolicies;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Training on several replicas gives the bits of training on one. */
class ReplicatedTrainingTest {
    private static final RewardFunction RED = RewardFunction.each(sample -> sample.pixels()[0]);
    private static final PpoConfig PPO = PpoConfig.defaults()
            .withLearningRate(2e-2)
            .withClipRange(0.2)
            .withTrajectoriesPerStep(5)
            .withInnerEpochs(2);
    private static final List<String> PROMPTS = List.of("a", "b", "a", "c", "d", "a", "b");

    private static Backend replicas(int count) {
        return ReplicatedBackend.of(
                Stream.generate(ReferenceBackend::new).limit(count).toList());
    }

    /** What a run came to: the adapter's weights and, epoch by epoch, rewards and what the updates said. */
    private record Result(double[] weights, List<Object> epochs) {}

    private static Result train(Backend backend, int batch, PpoConfig ppo, Objective objective)
            throws InterruptedException {
        try (backend) {
            ConsistencyPolicy policy =
                    ToyPolicies.fresh(backend, SamplingPlan.steps(3).withBatch(batch));
            TrainerConfig config = TrainerConfig.defaults()
                    .withEpochs(5)
                    .withTrajectories(14)
                    .withSamplesPerPrompt(2)
                    .withSeed(5);
            List<Object> epochs = new ArrayList<>();
            new Trainer(policy, PpoOptimizer.of(policy, ppo, objective), RED, Prompts.of("a", "b", "c"), config)
                    .run(report -> {
                        epochs.add(report.rewards());
                        epochs.add(report.update().losses());
                        epochs.add(report.update().ratios());
                        epochs.add(report.update().steps());
                    });
            return new Result(ToyPolicies.weights(policy), epochs);
        }
    }

    @Property(tries = 8)
    void anyNumberOfReplicasGivesTheSameBits(
            @ForAll("objectives") Objective objective,
            @ForAll @IntRange(min = 2, max = 4) int replicas,
            @ForAll @IntRange(min = 1, max = 6) int batch,
            @ForAll @IntRange(min = 1, max = 7) int minibatch,
            @ForAll boolean recomputed)
            throws InterruptedException {
        PpoConfig ppo = PPO.withMinibatch(minibatch).withRecomputedLogProbs(recomputed);
        Result one = train(new ReferenceBackend(), batch, ppo, objective);
        Result several = train(replicas(replicas), batch, ppo, objective);
        assertThat(several.weights).containsExactly(one.weights);
        assertThat(several.epochs).usingRecursiveComparison().isEqualTo(one.epochs);
    }

    @Provide
    Arbitrary<Objective> objectives() {
        return Arbitraries.of(
                Objective.of(
                        PolicyLosses.clipped().plus(0.1, PolicyLosses.klToBase().named("kl"))),
                Objective.pairs(PairLoss.rebel(1), Pairing.neighbours()));
    }

    @Test
    void picturesAreHandedOverInOrderOnTheCallingThread() {
        try (Backend backend = replicas(3)) {
            ConsistencyPolicy policy =
                    ToyPolicies.fresh(backend, SamplingPlan.steps(3).withBatch(2));
            List<Sample> seen = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(1), batch -> {
                seen.addAll(batch);
                threads.add(Thread.currentThread());
            });
            assertThat(seen).isEqualTo(rollout.samples());
            assertThat(rollout.prompts()).isEqualTo(PROMPTS);
            assertThat(threads).hasSize(4).containsOnly(Thread.currentThread());
        }
    }

    @Test
    void aReplicaThatIsLostEndsTheUpdateAndNothingHasChanged() {
        FlakyBackend flaky = new FlakyBackend();
        try (Backend backend = ReplicatedBackend.of(List.of(new ReferenceBackend(), flaky))) {
            ConsistencyPolicy policy =
                    ToyPolicies.fresh(backend, SamplingPlan.steps(3).withBatch(2));
            PpoOptimizer ppo = PpoOptimizer.of(policy, PPO.withMinibatch(2));
            Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(1));
            double[] advantages = {1, -1, 0.5, 2, -0.5, 0.3, -2};
            double[] before = ToyPolicies.weights(policy);
            flaky.failAfter(3);
            assertThatThrownBy(() -> ppo.update(rollout, advantages))
                    .isInstanceOf(BackendException.class)
                    .hasMessage("replica 2 of 2 failed: the device was lost");
            assertThat(ToyPolicies.weights(policy)).containsExactly(before);
            flaky.failAfter(0);
            assertThatThrownBy(() -> policy.rollout(PROMPTS, RandomStreams.seeded(1)))
                    .hasMessage("replica 2 of 2 failed: the device was lost");
            flaky.mend();
            ppo.update(rollout, advantages);
            assertThat(ToyPolicies.weights(policy)).isNotEqualTo(before);
        }
    }
}
