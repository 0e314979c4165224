package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraTargets;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.LearningRateSchedule;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PolicyLoss;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.train.Prompts;
import dev.rlcm.train.TrainerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.math3.util.ArithmeticUtils;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command line of {@link Train}; the defaults suit the embedded model. */
public final class TrainOptions {
    @Mixin
    private ModelOptions model = new ModelOptions();

    @Option(
            names = "--reward",
            paramLabel = "NAME",
            description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    Reward reward = Reward.compressibility;

    @Option(
            names = "--clip",
            paramLabel = "DIR",
            description =
                    "ONNX export of a CLIP model, for clipscore and aesthetic. Default: a small one for the embedded"
                            + " model's pictures, which clipscore can use.")
    @Nullable
    Path clip;

    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            description = "Training prompts, one a line. Default: 45 animals in seven scenes.")
    @Nullable
    Path prompts;

    @Option(names = "--epochs", description = "Times to sample and update. Default: what suits the reward.")
    @Nullable
    Integer epochs;

    @Option(names = "--trajectories", description = "Pictures sampled in an epoch. Default: ${DEFAULT-VALUE}.")
    int trajectories = 32;

    @Option(
            names = "--samples-per-prompt",
            paramLabel = "N",
            description =
                    "Pictures of each prompt in an epoch; from 2 on they are compared with each other instead of with"
                            + " the whole epoch. Default: what suits the reward.")
    @Nullable
    Integer samplesPerPrompt;

    @Option(
            names = "--advantage-scale",
            paramLabel = "X",
            description =
                    "Difference in reward from a prompt's other pictures that counts as an advantage of 1; 0 for the"
                            + " spread in each epoch. Default: what suits the reward.")
    @Nullable
    Double advantageScale;

    @Option(names = "--steps", description = "Network evaluations of a trajectory. Default: ${DEFAULT-VALUE}.")
    int steps = 4;

    @Option(names = "--guidance", description = "Guidance scale. Default: ${DEFAULT-VALUE}.")
    double guidance = 3;

    @Option(names = "--rank", description = "LoRA rank. Default: ${DEFAULT-VALUE}.")
    int rank = 8;

    @Option(names = "--alpha", description = "LoRA alpha. Default: twice the rank.")
    @Nullable
    Double alpha;

    @Option(
            names = "--targets",
            split = ",",
            paramLabel = "NAME",
            description = "Layers to adapt: attention, all-linear, all (with convolutions), names of modules such as"
                    + " ff.net.2, globs over their paths, or regex:... Default: ${DEFAULT-VALUE}.")
    List<String> targets = List.of("attention");

    @Option(
            names = "--learning-rate",
            description = "Of AdamW, falling to a fifth of it. Default: what suits the reward.")
    @Nullable
    Double learningRate;

    @Option(
            names = "--clip-range",
            description = "PPO's epsilon, on log-probabilities averaged over the latent. Default: ${DEFAULT-VALUE}.")
    double clipRange = 1e-3;

    @Option(
            names = "--drift",
            paramLabel = "WEIGHT",
            description = "Weight in the loss of the squared distance between the clean latents that the policy and the"
                    + " base model predict, which keeps pictures what they were. Default: what suits the reward.")
    @Nullable
    Double driftWeight;

    @Option(
            names = "--drift-patch",
            paramLabel = "N",
            description =
                    "Side of the squares of latent elements whose averages the drift is measured on, so that detail"
                            + " is free to go; 1 for every element. Must divide the latents. Default: ${DEFAULT-VALUE}.")
    int driftPatch = 4;

    @Option(
            names = "--kl",
            paramLabel = "WEIGHT",
            description = "Weight in the loss of the KL divergence from the base model. Default: ${DEFAULT-VALUE}.")
    double klWeight = 0;

    @Option(
            names = "--minibatch",
            description = "Transitions in one run of the update graph. Default: ${DEFAULT-VALUE}.")
    int minibatch = 24;

    @Option(names = "--seed", description = "Of all random draws. Default: ${DEFAULT-VALUE}.")
    long seed = 42;

    @Option(names = "--device", description = "cpu, cuda or cuda:N. Default: ${DEFAULT-VALUE}.")
    String device = "cpu";

    @Option(
            names = "--memory",
            paramLabel = "POLICY",
            description = "What to spend memory on: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    MemoryPolicy memory = MemoryPolicy.FAST;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "Where the run's files go. Default: runs/<reward>-<time>.")
    @Nullable
    Path output;

    @Option(
            names = "--resume",
            paramLabel = "FILE",
            description = "Continue from the checkpoint.safetensors of a run with the same settings.")
    @Nullable
    Path resume;

    @Option(
            names = "--samples-every",
            paramLabel = "N",
            description = "Epochs between sample grids. Default: ${DEFAULT-VALUE}.")
    int samplesEvery = 10;

    RewardFunction reward(Backend backend) throws IOException {
        return reward.factory.create(backend, clip);
    }

    LatentConsistencyModel load(Backend backend) throws IOException {
        return model.load(backend);
    }

    public Prompts trainingPrompts() throws IOException {
        return prompts != null ? Prompts.lines(prompts) : EmbeddedModel.prompts();
    }

    public SamplingPlan plan() {
        return SamplingPlan.steps(steps).withGuidance(guidance).withBatch(Math.min(trajectories, 16));
    }

    public LoraConfig lora() {
        return LoraConfig.rank(rank)
                .withAlpha(alpha != null ? alpha : 2.0 * rank)
                .targeting(new LoraTargets(targets));
    }

    double learningRate() {
        return learningRate != null ? learningRate : reward.settings.learningRate();
    }

    private double driftWeight() {
        return driftWeight != null ? driftWeight : reward.settings.driftWeight();
    }

    int epochs() {
        return epochs != null ? epochs : reward.settings.epochs();
    }

    /** By default as many as suit the reward and divide the trajectories. */
    private int samplesPerPrompt() {
        return samplesPerPrompt != null
                ? samplesPerPrompt
                : ArithmeticUtils.gcd(trajectories, reward.settings.samplesPerPrompt());
    }

    private double advantageScale() {
        return advantageScale != null ? advantageScale : reward.settings.advantageScale();
    }

    /** On a fixed scale only where pictures of one prompt are compared. */
    public AdvantageEstimator advantages() {
        return samplesPerPrompt() > 1 && advantageScale() != 0
                ? AdvantageEstimator.withinPrompt(advantageScale())
                : trainer().advantages();
    }

    public PpoConfig ppo() {
        return PpoConfig.defaults()
                .withAdam(AdamWConfig.defaults().withLearningRate(learningRate()))
                .withSchedule(LearningRateSchedule.linear(1, 0.2, epochs()))
                .withClipRange(clipRange)
                .withTrajectoriesPerStep(Math.max(1, trajectories / 4))
                .withMinibatch(minibatch)
                .withSeed(seed);
    }

    public PolicyLoss loss() {
        PolicyLoss loss = PolicyLosses.clipped();
        if (driftWeight() != 0) {
            loss = loss.plus(driftWeight(), PolicyLosses.driftFromBase(driftPatch));
        }
        return klWeight == 0 ? loss : loss.plus(klWeight, PolicyLosses.klToBase());
    }

    public TrainerConfig trainer() {
        return TrainerConfig.defaults()
                .withEpochs(epochs())
                .withTrajectories(trajectories)
                .withSamplesPerPrompt(samplesPerPrompt())
                .withSeed(seed);
    }

    /** What was asked for and what the defaults came to, by the options' names, for the report and for scripts. */
    Map<String, Object> summary() {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("model", model.modelName());
        entries.put("reward", reward.name());
        if (clip != null) {
            entries.put("clip", clip.toString());
        }
        entries.put("prompts", prompts != null ? prompts.toString() : "45 animals in 7 scenes (embedded)");
        entries.put("epochs", epochs());
        entries.put("trajectories", trajectories);
        entries.put("samples-per-prompt", samplesPerPrompt());
        entries.put("advantage-scale", advantageScale());
        entries.put("steps", steps);
        entries.put("guidance", guidance);
        entries.put("rank", rank);
        entries.put("alpha", lora().alpha());
        entries.put("targets", targets);
        entries.put("learning-rate", learningRate());
        entries.put("clip-range", clipRange);
        entries.put("drift", driftWeight());
        entries.put("drift-patch", driftPatch);
        entries.put("kl", klWeight);
        entries.put("minibatch", minibatch);
        entries.put("seed", seed);
        entries.put("device", device);
        entries.put("memory", memory.toString().toLowerCase(Locale.ROOT));
        entries.put("precision", model.precisionName());
        return entries;
    }
}
