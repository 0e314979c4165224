package dev.rlcm.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.testing.ToyPolicies;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.StatUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    private static final RewardFunction RED = RewardFunction.each(sample -> sample.pixels()[0]);
    private static final PpoConfig PPO =
            PpoConfig.defaults().withLearningRate(2e-2).withClipRange(0.2);

    @TempDir
    Path directory;

    private final ReferenceBackend backend = new ReferenceBackend();

    @AfterEach
    void close() {
        backend.close();
    }

    /** What {@link Checkpoint} says of loops of one's own, with an estimator that keeps more than numbers. */
    @Test
    void aHandComposedLoopIsResumedWithWhateverItsEstimatorKeeps() throws IOException {
        Path file = directory.resolve("loop.safetensors");
        ConsistencyPolicy straight = ToyPolicies.fresh(backend);
        PpoOptimizer ppo = PpoOptimizer.of(straight, PPO);
        RunningBaseline credit = new RunningBaseline();
        loop(0, 4, straight, ppo, credit);

        ConsistencyPolicy first = ToyPolicies.fresh(backend);
        PpoOptimizer firstPpo = PpoOptimizer.of(first, PPO);
        RunningBaseline firstCredit = new RunningBaseline();
        loop(0, 2, first, firstPpo, firstCredit);
        RunSettings settings = RunSettings.of(first, PPO, firstCredit).withEssential("seed", 5);
        Checkpoint.of(2, settings, first, firstPpo, firstCredit).write(file);

        ConsistencyPolicy resumed = ToyPolicies.fresh(backend);
        PpoOptimizer resumedPpo = PpoOptimizer.of(resumed, PPO);
        RunningBaseline resumedCredit = new RunningBaseline();
        int done = Checkpoint.read(file).restore(settings, resumed, resumedPpo, resumedCredit);
        loop(done, 4, resumed, resumedPpo, resumedCredit);
        assertThat(ToyPolicies.weights(resumed)).containsExactly(ToyPolicies.weights(straight));
    }

    private static void loop(int from, int to, Policy policy, PpoOptimizer ppo, AdvantageEstimator credit) {
        for (int epoch = from; epoch < to; epoch++) {
            Rollout rollout =
                    policy.rollout(List.of("a", "b"), RandomStreams.seeded(5).at(epoch));
            ppo.update(rollout, credit.estimate(rollout.prompts(), RED.score(rollout.samples())));
        }
    }

    /** Rewards minus a moving average, kept as a tensor, beside a count and a word. */
    private static final class RunningBaseline implements AdvantageEstimator {
        private double baseline;
        private int updates;

        @Override
        public double[] estimate(List<String> keys, double[] rewards) {
            baseline = 0.9 * baseline + 0.1 * StatUtils.mean(rewards);
            updates++;
            return Arrays.stream(rewards).map(reward -> reward - baseline).toArray();
        }

        @Override
        public State state() {
            return new State(
                    Map.of("updates", updates, "kind", "moving average"),
                    Map.of("baseline", TensorData.doubles(Shape.SCALAR, baseline)));
        }

        @Override
        public void restore(State state) {
            updates = ((Number) state.values().get("updates")).intValue();
            baseline = state.tensors().get("baseline").getDouble(0);
        }
    }
}
