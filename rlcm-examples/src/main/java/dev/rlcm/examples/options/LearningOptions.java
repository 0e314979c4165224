package dev.rlcm.examples.options;

import dev.rlcm.backend.Backend;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraTargets;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PpoConfig;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How to learn, whatever the model and the reward; the defaults suit the embedded models. */
public final class LearningOptions {
    @Option(names = "--trajectories", description = "Pictures sampled in an epoch. Default: ${DEFAULT-VALUE}.")
    public int trajectories = 32;

    @Option(names = "--rank", description = "LoRA rank. Default: ${DEFAULT-VALUE}.")
    private int rank = 8;

    @Option(names = "--alpha", description = "LoRA alpha. Default: twice the rank.")
    private @Nullable Double alpha;

    @Option(
            names = "--targets",
            split = ",",
            paramLabel = "NAME",
            description = "Layers to adapt: attention, all-linear, all (with convolutions), names of modules such as"
                    + " ff.net.2, globs over their paths, or regex:... Default: ${DEFAULT-VALUE}.")
    private List<String> targets = List.of("attention");

    @Option(
            names = "--clip-range",
            description = "PPO's epsilon, on log-probabilities averaged over the latent. Default: ${DEFAULT-VALUE}.")
    double clipRange = 1e-3;

    @Option(
            names = "--trajectories-per-step",
            paramLabel = "N",
            description = "Pictures that one optimiser step averages over. Default: a quarter of those of an epoch.")
    private @Nullable Integer trajectoriesPerStep;

    @Option(
            names = "--inner-epochs",
            paramLabel = "N",
            description = "How often an update passes over its pictures. Default: ${DEFAULT-VALUE}.")
    private int innerEpochs = 1;

    @Option(
            names = "--schedule",
            paramLabel = "NAME",
            description =
                    "How the learning rate changes over the epochs: ${COMPLETION-CANDIDATES}; linear falls to a fifth."
                            + " Default: ${DEFAULT-VALUE}.")
    private RateSchedule schedule = RateSchedule.LINEAR;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            description =
                    "Epochs in which the learning rate rises before its schedule begins. Default: ${DEFAULT-VALUE}.")
    private int warmup = 0;

    @Option(
            names = "--minibatch",
            description = "Transitions in one run of the update graph. Default: ${DEFAULT-VALUE}.")
    int minibatch = 24;

    @Option(
            names = "--sample-batch",
            paramLabel = "N",
            description = "Trajectories sampled at once by one copy of the network. Default: ${DEFAULT-VALUE}.")
    private int sampleBatch = 16;

    @Option(names = "--seed", description = "Of all random draws. Default: ${DEFAULT-VALUE}.")
    public long seed = 42;

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    public Backend openBackend() {
        return devices.open();
    }

    public SamplingPlan plan(int steps, double guidance) {
        return SamplingPlan.steps(steps).withGuidance(guidance).withBatch(Math.min(trajectories, sampleBatch));
    }

    public LoraConfig lora() {
        return LoraConfig.rank(rank)
                .withAlpha(alpha != null ? alpha : 2.0 * rank)
                .targeting(new LoraTargets(targets));
    }

    private int trajectoriesPerStep() {
        return trajectoriesPerStep != null ? trajectoriesPerStep : Math.max(1, trajectories / 4);
    }

    /**
     * The settings of the updates.
     *
     * @param learningRate what the schedule over the epochs multiplies
     */
    public PpoConfig ppo(double learningRate, int epochs) {
        return PpoConfig.defaults()
                .withOptimizer(AdamWConfig.defaults().withLearningRate(learningRate))
                .withSchedule(schedule.over(epochs, warmup))
                .withClipRange(clipRange)
                .withTrajectoriesPerStep(trajectoriesPerStep())
                .withInnerEpochs(innerEpochs)
                .withMinibatch(minibatch)
                .withSeed(seed);
    }

    /** For reports. */
    public void summarise(Map<String, Object> entries) {
        entries.put("trajectories", trajectories);
        entries.put("rank", rank);
        entries.put("alpha", lora().alpha());
        entries.put("targets", targets);
        entries.put("clip-range", clipRange);
        entries.put("trajectories-per-step", trajectoriesPerStep());
        entries.put("inner-epochs", innerEpochs);
        entries.put("schedule", schedule.toString());
        entries.put("warmup", warmup);
        entries.put("minibatch", minibatch);
        entries.put("sample-batch", sampleBatch);
        entries.put("seed", seed);
        devices.summarise(entries);
    }
}
