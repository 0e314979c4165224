package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Npz;
import dev.rlcm.mdp.LastStep;
import dev.rlcm.mdp.TimestepRule;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.ppo.Objective;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.ppo.StepNoise;
import dev.rlcm.ppo.UpdateObserver;
import dev.rlcm.ppo.UpdateReport;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The gradient of an aesthetic score through decoder and last steps into an adapter, against PyTorch. */
class RewardGradientGoldenTest {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");
    private static final Path GOLDEN = FIXTURES.resolve("reward-backprop-golden");
    private static final int LATENT = 4 * 16 * 16;
    private static final int BATCH = 2;

    @ParameterizedTest
    @CsvSource({"1, FAST, 2", "2, FAST, 1", "2, SMALL, 2"})
    void rewardsAndGradientsAreThoseOfPyTorch(int steps, MemoryPolicy memory, int minibatch) throws IOException {
        Map<String, TensorData> inputs = Npz.read(GOLDEN.resolve("inputs.npz"));
        try (OrtBackend backend = OrtBackend.cpu(OrtOptions.defaults().withMemory(memory))) {
            LatentConsistencyModel model = LatentConsistencyModel.load(FIXTURES.resolve("tiny-lcm"), backend);
            SamplingPlan plan = SamplingPlan.steps(4)
                    .withBatch(1)
                    .withTimestepRule(TimestepRule.REFERENCE)
                    .withLastStep(LastStep.REFERENCE);
            ConsistencyPolicy policy =
                    model.policy(model.adapter(FIXTURES.resolve("tiny-lcm-golden/lora_peft.safetensors")), plan);
            AestheticScore reward = AestheticScore.load(
                    ClipImageEncoder.load(FIXTURES.resolve("clip-golden"), backend),
                    FIXTURES.resolve("clip-golden/aesthetic_mlp.safetensors"));
            float[] noise = inputs.get("noise").toFloats();
            StepNoise recorded = (trajectory, step, size) -> {
                int from = (step * BATCH + Integer.parseInt(trajectory.prompt())) * LATENT;
                return Arrays.copyOfRange(noise, from, from + size);
            };
            List<Map<String, TensorData>> gradients = new ArrayList<>();
            PpoConfig config = PpoConfig.defaults()
                    .withTrajectoriesPerStep(BATCH)
                    .withMinibatch(minibatch)
                    .withMaxGradNorm(Double.POSITIVE_INFINITY);
            UpdateReport report = PpoOptimizer.of(
                            policy, config, Objective.directReward(reward, policy.schedule(), steps, recorded))
                    .update(rollout(inputs, policy), new double[BATCH], new UpdateObserver() {
                        @Override
                        public void onStep(Step step) {
                            gradients.add(step.gradient().get());
                        }
                    });
            double[] rewards = Npz.read(GOLDEN.resolve("draft" + steps + ".npz"))
                    .get("rewards_f64")
                    .toDoubles();
            double mean = Arrays.stream(rewards).average().orElseThrow();
            assertThat(report.losses().parts().get("reward")).isCloseTo(mean, within(1e-5));
            assertThat(report.loss()).isCloseTo(-mean, within(1e-5));
            assertThat(gradients).hasSize(1);
            Map<String, TensorData> expected = Npz.read(GOLDEN.resolve("grads_draft" + steps + ".npz"));
            assertThat(gradients.get(0)).hasSameSizeAs(expected).hasSize(256);
            expected.forEach((key, gradient) -> assertThat(
                            relativeL2(gradients.get(0).get(key).toDoubles(), gradient.toDoubles()))
                    .as(key)
                    .isLessThan(1e-4));
        }
    }

    private static Rollout rollout(Map<String, TensorData> inputs, ConsistencyPolicy policy) {
        float[] states = inputs.get("states").toFloats();
        List<Trajectory> trajectories = new ArrayList<>();
        for (int b = 0; b < BATCH; b++) {
            List<float[]> ofSample = new ArrayList<>();
            for (int k = 0; k <= 4; k++) {
                int from = (b * 5 + k) * LATENT;
                ofSample.add(Arrays.copyOfRange(states, from, from + LATENT));
            }
            trajectories.add(Trajectory.of(
                    Map.of(
                            "encoder_hidden_states", row(inputs.get("prompt_embeds"), b),
                            "timestep_cond", row(inputs.get("timestep_cond"), b)),
                    ofSample,
                    policy.schedule().steps(),
                    new double[4],
                    Sample.of(Integer.toString(b), 1, 1, new float[3])));
        }
        return new Rollout(trajectories);
    }

    private static TensorData row(TensorData batch, int index) {
        int[] dims = batch.shape().toArray();
        Shape shape = Shape.of(Arrays.copyOfRange(dims, 1, dims.length));
        int size = (int) shape.size();
        return TensorData.floats(shape, Arrays.copyOfRange(batch.toFloats(), index * size, (index + 1) * size));
    }

    /** The golden's loss is a sum over the batch, the optimiser's a negative mean. */
    private static double relativeL2(double[] actual, double[] expected) {
        double error = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            error += Math.pow(-BATCH * actual[i] - expected[i], 2);
            size += expected[i] * expected[i];
        }
        return Math.sqrt(error / size);
    }
}
