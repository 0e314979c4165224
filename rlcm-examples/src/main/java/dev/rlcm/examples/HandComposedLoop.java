package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.LoopOptions;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.ppo.UpdateReport;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.rewards.JpegCompressibility;
import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.apache.commons.math3.stat.StatUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The training loop as a host application writes it, without {@link dev.rlcm.train.Trainer}. */
@Command(
        name = "hand-composed-loop",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Trains for small JPEG files with a loop written out by hand.")
public final class HandComposedLoop implements Callable<Integer> {
    private static final Logger log = LoggerFactory.getLogger(HandComposedLoop.class);

    @Mixin
    private final LoopOptions options = new LoopOptions();

    public static void main(String[] args) {
        Cli.run(new HandComposedLoop(), args);
    }

    @Override
    public Integer call() throws IOException {
        train(options.modelDirectory(), options.prompts(), options.epochs(), options.out);
        return 0;
    }

    private static void train(ModelDirectory modelDirectory, Prompts prompts, int epochs, Path adapterFile)
            throws IOException {
        // The README shows this; a test compares the two.
        // tag::loop[]
        try (Backend backend = OrtBackend.cpu()) {
            var model = LatentConsistencyModel.load(modelDirectory, backend);
            var lora = LoraConfig.rank(8).withAlpha(16).targeting("to_q", "to_k", "to_v", "to_out.0");
            var policy = model.policy(lora, SamplingPlan.steps(4).withGuidance(3));
            var reward = new JpegCompressibility(); // minus the file size in kB
            var credit = AdvantageEstimator.perPrompt(16, 16);
            var config = PpoConfig.defaults().withClipRange(1e-3).withLearningRate(4e-3);
            var ppo = PpoOptimizer.of(policy, config.withTrajectoriesPerStep(8).withMinibatch(24));
            var random = RandomStreams.seeded(42);

            for (int epoch = 0; epoch < epochs; epoch++) {
                Rollout rollout = policy.rollout(prompts.draw(32, random.at(epoch)), random.at(epoch));
                double[] rewards = reward.score(rollout.samples());
                double[] advantages = credit.estimate(rollout.prompts(), rewards);
                UpdateReport report = ppo.update(rollout, advantages);
                double mean = StatUtils.mean(rewards);
                log.info("{}: reward {}, kl {}, clipped {}", epoch, mean, report.approxKl(), report.clipFraction());
            }
            policy.adapter().save(adapterFile);
        }
        // end::loop[]
    }
}
