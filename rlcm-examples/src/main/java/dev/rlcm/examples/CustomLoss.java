package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.LoopOptions;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PolicyLoss;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.rewards.JpegCompressibility;
import dev.rlcm.train.Trainer;
import dev.rlcm.train.TrainerConfig;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * A loss of one's own: an expression over the transitions of a minibatch, which becomes part of the graph and is
 * differentiated there. This one holds the policy near the base model, so that pictures stay what their prompts say.
 */
@Command(
        name = "custom-loss",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Trains for small JPEG files with a loss written by hand, which holds the policy near the base model.")
public final class CustomLoss implements Callable<Integer> {
    private static final Logger log = LoggerFactory.getLogger(CustomLoss.class);

    /** PPO's clipped surrogate + 0.05 KL(pi || pi_base), [B]. */
    static final PolicyLoss ANCHORED = terms -> PolicyLosses.clipped()
            .of(terms)
            .add(PolicyLosses.klToBase().of(terms).mul(0.05));

    @Mixin
    private final LoopOptions options = new LoopOptions();

    public static void main(String[] args) {
        Cli.run(new CustomLoss(), args);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (Backend backend = OrtBackend.cpu()) {
            var model = LatentConsistencyModel.load(options.modelDirectory(), backend);
            var lora = LoraConfig.rank(8).withAlpha(16);
            var policy = model.policy(lora, SamplingPlan.steps(4).withGuidance(3));
            var config = PpoConfig.defaults().withClipRange(1e-3).withLearningRate(2e-3);
            var ppo = PpoOptimizer.of(policy, config.withTrajectoriesPerStep(4).withMinibatch(12), ANCHORED);
            var loop = TrainerConfig.defaults().withEpochs(options.epochs()).withTrajectories(16);
            var trainer = new Trainer(policy, ppo, new JpegCompressibility(), options.prompts(), loop);
            trainer.run(report -> log.info(
                    "{}: loss {}, reward {}", report.epoch(), report.update().loss(), report.rewardMean()));
            policy.adapter().save(options.out);
        }
        return 0;
    }
}
