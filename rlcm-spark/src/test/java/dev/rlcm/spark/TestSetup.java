package dev.rlcm.spark;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.Objective;
import dev.rlcm.ppo.PairLoss;
import dev.rlcm.ppo.Pairing;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.rewards.JpegCompressibility;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.TaskContext;

/**
 * The embedded model on one thread, with a small adapter.
 *
 * @param pairs whether pairs of trajectories are compared
 * @param poison whether the reward throws in the first attempt of every task
 * @param mark the fingerprint that executors find; the driver finds "same"
 */
record TestSetup(boolean pairs, boolean poison, String mark) implements ClusterSetup {
    static final AtomicInteger OPEN = new AtomicInteger();

    static TestSetup plain() {
        return new TestSetup(false, false, "same");
    }

    TestSetup withPairs() {
        return new TestSetup(true, poison, mark);
    }

    TestSetup withPoison() {
        return new TestSetup(pairs, true, mark);
    }

    TestSetup withMark(String value) {
        return new TestSetup(pairs, poison, value);
    }

    @Override
    public ClusterModel open() throws IOException {
        Backend backend = OrtBackend.cpu(1);
        LatentConsistencyModel network = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend);
        OPEN.incrementAndGet();
        return new ClusterModel() {
            @Override
            public ConsistencyPolicy policy() {
                return network.policy(
                        LoraConfig.rank(2).targeting("to_q", "to_v"),
                        SamplingPlan.steps(3).withGuidance(3).withBatch(2));
            }

            @Override
            public Objective objective(ConsistencyPolicy policy) {
                return pairs
                        ? Objective.pairs(PairLoss.rebel(1), Pairing.neighbours())
                        : Objective.of(PolicyLosses.clipped()
                                .plus(0.1, PolicyLosses.klToBase().named("kl")));
            }

            @Override
            public PpoConfig ppo() {
                return PpoConfig.defaults()
                        .withLearningRate(2e-3)
                        .withClipRange(1e-3)
                        .withTrajectoriesPerStep(4)
                        .withMinibatch(3);
            }

            @Override
            public RewardFunction reward() {
                return poison ? new Poisoned() : new JpegCompressibility();
            }

            @Override
            public String fingerprint() {
                return TaskContext.get() == null ? "same" : mark;
            }

            @Override
            public void close() {
                OPEN.decrementAndGet();
                backend.close();
            }
        };
    }

    /** Fails in the first attempt of every task. */
    private static final class Poisoned implements RewardFunction {
        private final RewardFunction reward = new JpegCompressibility();

        @Override
        public double[] score(List<Sample> samples) {
            if (TaskContext.get().attemptNumber() == 0) {
                throw new IllegalStateException("this host has no scorer");
            }
            return reward.score(samples);
        }
    }
}
