package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.ppo.UpdateReport;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A few epochs on emoji-lcm, each result rounded to FLOAT16: they teach what they teach in FLOAT32. */
class HalfPrecisionTrainingTest {
    private static final List<String> PROMPTS = Collections.nCopies(8, "a cat in the sea");
    private static final int EPOCHS = 3;
    private static final PpoConfig CONFIG = PpoConfig.defaults()
            .withClipRange(1e-2)
            .withLearningRate(4e-3)
            .withTrajectoriesPerStep(8)
            .withMinibatch(8);

    /** How bright the pictures are before each epoch, always from the same noise, and after the last. */
    private static double[] train(OrtBackend backend, Precision precision, PpoConfig config) throws IOException {
        LatentConsistencyModel model =
                LatentConsistencyModel.load(Models.EMOJI, backend).withPrecision(precision);
        ConsistencyPolicy policy = model.policy(
                LoraConfig.rank(4), SamplingPlan.steps(2).withGuidance(3).withBatch(8));
        PpoOptimizer ppo = PpoOptimizer.of(policy, config);
        double[] means = new double[EPOCHS + 1];
        for (int epoch = 0; epoch <= EPOCHS; epoch++) {
            Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(4));
            double[] rewards = rollout.samples().stream()
                    .mapToDouble(HalfPrecisionTrainingTest::brightness)
                    .toArray();
            means[epoch] = Arrays.stream(rewards).average().orElseThrow();
            if (epoch < EPOCHS) {
                double[] advantages = AdvantageEstimator.wholeBatch().estimate(rollout.prompts(), rewards);
                UpdateReport report = ppo.update(rollout, advantages);
                assertThat(report.steps().skipped()).isZero();
                assertThat(report.ratios().initialError()).isLessThan(config.recomputeLogProbs() ? 1e-6 : 1e-3);
            }
        }
        return means;
    }

    private static double brightness(Sample sample) {
        double sum = 0;
        for (float pixel : sample.pixels()) {
            sum += pixel;
        }
        return sum / sample.pixels().length;
    }

    @Test
    void trainingInFloat16LearnsWhatTrainingInFloat32Learns() throws IOException {
        try (OrtBackend plain = OrtBackend.cpu(2);
                OrtBackend rounding =
                        OrtBackend.emulatingHalf(OrtOptions.defaults().withThreads(2))) {
            double[] single = train(plain, Precision.FLOAT32, CONFIG);
            double[] half = train(rounding, Precision.FLOAT16, CONFIG.withRecomputedLogProbs(true));
            for (int epoch = 0; epoch <= EPOCHS; epoch++) {
                assertThat(half[epoch]).isCloseTo(single[epoch], within(2e-3));
            }
            assertThat(single[EPOCHS] - single[0]).isGreaterThan(5e-3);
        }
    }
}
