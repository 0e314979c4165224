package dev.rlcm.examples.options;

import dev.rlcm.backend.Backend;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.onnx.pipeline.PipelineOptions;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.Objective;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.train.PromptSource;
import dev.rlcm.train.TrainerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.util.ArithmeticUtils;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command line of {@code Train}; the defaults suit the embedded model. */
public final class TrainOptions {
    @Mixin
    private ConfigurationOptions configuration = new ConfigurationOptions();

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private RewardOptions reward = new RewardOptions();

    @Mixin
    private MixOptions mix = new MixOptions();

    @Mixin
    private PromptsOption prompts = new PromptsOption();

    @Option(names = "--epochs", description = "Times to sample and update. Default: what suits the reward.")
    @Nullable
    Integer epochs;

    @Option(
            names = "--samples-per-prompt",
            paramLabel = "N",
            description =
                    "Pictures of each prompt in an epoch; from 2 on they are compared with each other instead of with"
                            + " the whole epoch. Default: what suits the reward.")
    @Nullable
    Integer samplesPerPrompt;

    @Option(
            names = "--common-beginnings",
            fallbackValue = "true",
            description =
                    "Begin the pictures of a prompt at the same noise, so that they differ by their actions alone.")
    boolean commonBeginnings;

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

    @Option(
            names = "--learning-rate",
            description = "Of AdamW, falling to a fifth of it. Default: what suits the reward.")
    @Nullable
    Double learningRate;

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

    @Mixin
    private AlgorithmOptions algorithm = new AlgorithmOptions();

    @Mixin
    private LearningOptions learning = new LearningOptions();

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "Where the run's files go. Default: runs/<reward>-<time>.")
    @Nullable
    public Path output;

    @Option(
            names = "--resume",
            paramLabel = "FILE",
            description = "Continue from the checkpoint.safetensors of a run with the same settings.")
    @Nullable
    public Path resume;

    @Option(
            names = "--samples-every",
            paramLabel = "N",
            description = "Epochs between sample grids. Default: ${DEFAULT-VALUE}.")
    public int samplesEvery = 10;

    @Mixin
    public EvaluationOptions evaluation = new EvaluationOptions();

    /**
     * The options that a command line gives.
     *
     * @throws CommandLine.ParameterException if one of them cannot be read
     */
    public static TrainOptions of(List<String> arguments) {
        TrainOptions options = new TrainOptions();
        new CommandLine(options).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(arguments.toArray(String[]::new));
        return options;
    }

    /** What is trained for. */
    public Goal goal() {
        return reward.expression().goal();
    }

    /** The weights of the reward's terms. */
    public RewardExpression expression() {
        return reward.expression();
    }

    public RewardFunction reward(Backend backend) throws IOException {
        return mix.reward(reward, samplesPerPrompt(), backend);
    }

    /** What can be done and is hardly meant, each in a sentence. */
    public List<String> doubts() {
        if (!model.isGiven()) {
            return List.of();
        }
        return mix.trained(reward).stream()
                .filter(task -> task.knowsEmbeddedOnly(reward))
                .distinct()
                .map(
                        task -> "The reward " + task
                                + " is judged by a network that knows the embedded model's pictures only; --clip takes one that knows yours")
                .toList();
    }

    /** What is evaluated and not trained on, by name. */
    public Map<String, RewardFunction> shadows(Backend backend) throws IOException {
        return mix.shadows(reward, !model.isGiven(), backend);
    }

    public List<RewardGuard> guards() {
        return mix.guards();
    }

    public Backend openBackend() {
        return learning.openBackend();
    }

    public LatentModel load(Backend backend) throws IOException {
        return model.load(backend, PipelineOptions.defaults(), evaluation.texts(prompts));
    }

    public PromptSource trainingPrompts() throws IOException {
        return evaluation.training(prompts, seed());
    }

    /** What evaluations draw. */
    public PromptSource evaluationPrompts() throws IOException {
        return evaluation.evaluated(prompts, seed());
    }

    public SamplingPlan plan() {
        return learning.plan(steps, guidance);
    }

    public LoraConfig lora() {
        return learning.lora();
    }

    public long seed() {
        return learning.seed;
    }

    double learningRate() {
        return learningRate != null ? learningRate : goal().settings().learningRate();
    }

    /** The drift is defined for actions of latent consistency models only. */
    private double driftWeight() {
        boolean ofActions = algorithm.algorithm.rows == Algorithm.Rows.ACTIONS;
        boolean isGiven = driftWeight != null && driftWeight != 0;
        if (isGiven && !ofActions) {
            throw new IllegalArgumentException("drift must be 0 with the algorithm " + algorithm.algorithm
                    + ", whose rows are not a sampler's actions, got " + driftWeight);
        }
        if (!ofActions || !model.isLatentConsistency()) {
            if (isGiven) {
                throw new IllegalArgumentException("drift must be 0 with a model that is not a latent consistency"
                        + " model, got " + driftWeight + "; --kl holds any model where it was");
            }
            return 0;
        }
        return driftWeight != null ? driftWeight : goal().settings().driftWeight();
    }

    public int epochs() {
        return epochs != null ? epochs : goal().settings().epochs();
    }

    /** By default as many as suit the reward and divide the trajectories. */
    private int samplesPerPrompt() {
        return samplesPerPrompt != null
                ? samplesPerPrompt
                : ArithmeticUtils.gcd(learning.trajectories, goal().settings().samplesPerPrompt());
    }

    private double advantageScale() {
        return advantageScale != null ? advantageScale : goal().settings().advantageScale();
    }

    /** By default on a fixed scale where pictures of one prompt are compared. */
    public AdvantageEstimator advantages(ConsistencyPolicy policy, RewardFunction reward) {
        AdvantageEstimator otherwise = samplesPerPrompt() > 1 && advantageScale() != 0
                ? AdvantageEstimator.withinPrompt(advantageScale())
                : trainer().advantages();
        return algorithm.credit(otherwise, policy, reward, learning.minibatch);
    }

    public PpoConfig ppo() {
        return learning.ppo(learningRate(), epochs());
    }

    /** What updates minimise. */
    public Objective objective(LatentModel trained, ConsistencyPolicy policy, Backend backend) throws IOException {
        Objective objective = algorithm.objective(new LearningSetting(trained, policy, reward, backend));
        if (driftWeight() != 0) {
            objective = objective.plus(
                    driftWeight(), PolicyLosses.driftFromBase(driftPatch).named("drift"));
        }
        return klWeight == 0
                ? objective
                : objective.plus(klWeight, PolicyLosses.klToBase().named("kl_to_base"));
    }

    public TrainerConfig trainer() {
        TrainerConfig config = TrainerConfig.defaults()
                .withEpochs(epochs())
                .withTrajectories(learning.trajectories)
                .withSamplesPerPrompt(samplesPerPrompt())
                .withStatistics(algorithm.statBuffer, algorithm.statMinCount)
                .withRewardThreads(mix.threads)
                .withCommonBeginnings(commonBeginnings)
                .withSeed(learning.seed);
        return evaluation.averageDecay == 0 ? config : config.withAverageDecay(evaluation.averageDecay);
    }

    /** What was asked for and what the defaults came to, by the options' names, for the report. */
    public Map<String, Object> summary() {
        Map<String, Object> entries = new LinkedHashMap<>();
        model.summarise(entries);
        reward.summarise(entries);
        mix.summarise(entries, reward, samplesPerPrompt(), !model.isGiven());
        entries.put("prompts", prompts.name());
        evaluation.summarise(entries);
        entries.put("epochs", epochs());
        entries.put("samples-per-prompt", samplesPerPrompt());
        entries.put("common-beginnings", commonBeginnings);
        entries.put("advantage-scale", advantageScale());
        entries.put("steps", steps);
        entries.put("guidance", guidance);
        entries.put("learning-rate", learningRate());
        entries.put("drift", driftWeight());
        entries.put("drift-patch", driftPatch);
        entries.put("kl", klWeight);
        algorithm.summarise(entries);
        learning.summarise(entries);
        entries.put("samples-every", samplesEvery);
        return entries;
    }

    /** What {@code --config} reads to repeat the run. */
    public Map<String, Object> configuration() {
        Map<String, Object> entries = summary();
        entries.values().removeIf(Unset.class::isInstance);
        return entries;
    }
}
