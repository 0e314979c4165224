package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.LoopOptions;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.train.Trainer;
import dev.rlcm.train.TrainerConfig;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** A reward of one's own, any function from a picture to a number; the loop is the ready-made one. */
@Command(
        name = "custom-reward",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Trains for warm colours with a reward written by hand.")
public final class CustomReward implements Callable<Integer> {
    private static final Logger log = LoggerFactory.getLogger(CustomReward.class);

    /** How much more red than blue a picture is, in [-1, 1]. */
    static final RewardFunction WARMTH = RewardFunction.each(sample -> {
                INDArray rgb = sample.image(); // [3, H, W] in [0, 1]
                return rgb.slice(0).meanNumber().doubleValue()
                        - rgb.slice(2).meanNumber().doubleValue();
            })
            .named("warmth");

    @Mixin
    private final LoopOptions options = new LoopOptions();

    public static void main(String[] args) {
        Cli.run(new CustomReward(), args);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (Backend backend = OrtBackend.cpu()) {
            var model = LatentConsistencyModel.load(options.modelDirectory(), backend);
            var lora = LoraConfig.rank(8).withAlpha(16);
            var policy = model.policy(lora, SamplingPlan.steps(4).withGuidance(3));
            var config = PpoConfig.defaults().withClipRange(1e-3).withLearningRate(2e-3);
            var ppo = PpoOptimizer.of(policy, config.withTrajectoriesPerStep(4).withMinibatch(12));
            var loop = TrainerConfig.defaults().withEpochs(options.epochs()).withTrajectories(16);
            var trainer = new Trainer(policy, ppo, WARMTH, options.prompts(), loop);
            trainer.run(report -> log.info("{}: {} {}", report.epoch(), WARMTH.name(), report.rewardMean()));
            policy.adapter().save(options.out);
        }
        return 0;
    }
}
