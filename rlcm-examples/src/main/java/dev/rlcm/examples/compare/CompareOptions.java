package dev.rlcm.examples.compare;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Goal;
import dev.rlcm.examples.options.LearningOptions;
import dev.rlcm.examples.options.ModelDirectoryOption;
import dev.rlcm.examples.options.PromptsOption;
import dev.rlcm.examples.options.RewardOptions;
import dev.rlcm.examples.run.Evaluator;
import dev.rlcm.examples.run.Runs;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.train.PromptSource;
import dev.rlcm.train.TrainerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.util.ArithmeticUtils;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command line of {@code Compare}; the defaults suit the embedded models. */
public final class CompareOptions {
    private static final int SAMPLES_PER_PROMPT = 4;

    @Mixin
    private ModelDirectoryOption model = new ModelDirectoryOption();

    @Option(
            names = "--diffusion-model",
            paramLabel = "DIR",
            description =
                    "The latent diffusion model for DDPO; what it lacks is taken from --model, with which it has to be"
                            + " given. Default: the one that the embedded emoji model was distilled from.")
    private @Nullable Path diffusionModel;

    @Mixin
    private RewardOptions reward = new RewardOptions();

    @Mixin
    private PromptsOption prompts = new PromptsOption();

    @Option(
            names = "--horizons",
            split = ",",
            paramLabel = "N",
            description =
                    "Network evaluations of an RLCM trajectory, a run for each; 0 for no RLCM. Default: ${DEFAULT-VALUE}.")
    private List<Integer> horizons = List.of(2, 4, 8);

    @Option(
            names = "--ddpo-steps",
            split = ",",
            paramLabel = "N",
            description = "DDIM steps of a DDPO trajectory, a run for each; 0 for no DDPO. Default: ${DEFAULT-VALUE}.")
    private List<Integer> ddpoSteps = List.of(10);

    @Option(names = "--guidance", description = "Guidance scale of both. Default: ${DEFAULT-VALUE}.")
    private double guidance = 3;

    @Option(names = "--epochs", description = "Times to sample and update, in each run. Default: ${DEFAULT-VALUE}.")
    int epochs = 30;

    @Option(
            names = "--learning-rate",
            description = "RLCM's, of AdamW, falling to a fifth of it. Default: ${DEFAULT-VALUE}.")
    private double learningRate = 2e-3;

    @Option(names = "--ddpo-learning-rate", description = "DDPO's. Default: ${DEFAULT-VALUE}.")
    private double ddpoLearningRate = 1.2e-2;

    @Option(
            names = "--evaluate-every",
            paramLabel = "N",
            description = "Epochs between evaluations on " + Evaluator.EVALUATED
                    + " fixed prompts and noises, which are not counted as training." + " Default: ${DEFAULT-VALUE}.")
    int evaluateEvery = 5;

    @Mixin
    private LearningOptions learning = new LearningOptions();

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "Where the files go. Default: runs/compare-<reward>-<time>.")
    private @Nullable Path output;

    /**
     * At least one.
     *
     * @throws IllegalArgumentException if an option is wrong whatever the models are
     */
    public List<Contender> contenders() {
        List<Contender> contenders = new ArrayList<>();
        horizons.stream()
                .filter(steps -> steps != 0)
                .forEach(steps -> contenders.add(new Contender(Method.RLCM, steps, learningRate)));
        ddpoSteps.stream()
                .filter(steps -> steps != 0)
                .forEach(steps -> contenders.add(new Contender(Method.DDPO, steps, ddpoLearningRate)));
        if (contenders.contains(new Contender(Method.RLCM, 1, learningRate))) {
            throw new IllegalArgumentException(
                    "horizons must be at least 2, got " + horizons + ": one step has no action to learn from");
        }
        if (contenders.isEmpty()) {
            throw new IllegalArgumentException("--horizons and --ddpo-steps are both 0: there is nothing to compare");
        }
        if (contenders.stream().distinct().count() < contenders.size()) {
            throw new IllegalArgumentException("a horizon stands twice in --horizons or --ddpo-steps");
        }
        if (!reward.expression().isSingle()) {
            throw new IllegalArgumentException(
                    "a comparison needs one reward as it is, whose numbers mean the same for all" + " runs, got \""
                            + reward.expression() + "\"");
        }
        if (evaluateEvery < 1) {
            throw new IllegalArgumentException("evaluate-every must be at least 1, got " + evaluateEvery);
        }
        if (model.isGiven() && diffusionModel == null && contenders.stream().anyMatch(c -> c.method() == Method.DDPO)) {
            throw new IllegalArgumentException(
                    "--model needs a --diffusion-model of the same text encoder and VAE for DDPO;"
                            + " give one, or leave DDPO out by --ddpo-steps 0");
        }
        trainer();
        for (Contender contender : contenders) {
            plan(contender);
            ppo(contender, 1);
        }
        lora();
        return contenders;
    }

    public Path directory() {
        return output != null ? output : Runs.directory("compare-" + goal().name());
    }

    public Backend openBackend() {
        return learning.openBackend();
    }

    public ModelDirectory consistencyModel() throws IOException {
        return model.open();
    }

    /** The diffusion model, between the text encoder and the VAE of the consistency model unless it has its own. */
    public ModelDirectory diffusionModel() throws IOException {
        Path root = diffusionModel != null ? diffusionModel : EmbeddedModel.emojiLdm();
        return ModelDirectory.open(root, model.directory(), model.reading().withPaths(Map.of()));
    }

    public Goal goal() {
        return reward.expression().goal();
    }

    public RewardFunction reward(Backend backend) throws IOException {
        return reward.create(reward.expression().terms().get(0).reward(), backend);
    }

    public PromptSource trainingPrompts() throws IOException {
        return prompts.source();
    }

    public long seed() {
        return learning.seed;
    }

    public LoraConfig lora() {
        return learning.lora();
    }

    public SamplingPlan plan(Contender contender) {
        return learning.plan(contender.steps(), guidance);
    }

    /** Rows that the network is evaluated on to sample one. */
    int evaluationsPerPicture(Contender contender) {
        return contender.steps() * contender.method().rowsPerStep(guidance);
    }

    /**
     * The same for all but for the learning rate.
     *
     * @param actions of a trajectory; minibatches are as many and as large as their transitions fill without rest, since one
     *     that is half empty takes as long as a full one
     */
    public PpoConfig ppo(Contender contender, int actions) {
        PpoConfig config = learning.ppo(contender.learningRate(), epochs);
        int rows = config.trajectoriesPerStep() * actions;
        int minibatches = (rows + config.minibatch() - 1) / config.minibatch();
        return config.withMinibatch((rows + minibatches - 1) / minibatches);
    }

    public TrainerConfig trainer() {
        return TrainerConfig.defaults()
                .withEpochs(epochs)
                .withTrajectories(learning.trajectories)
                .withSamplesPerPrompt(ArithmeticUtils.gcd(learning.trajectories, SAMPLES_PER_PROMPT))
                .withSeed(learning.seed);
    }

    /** What was asked for and what the defaults came to, by the options' names, for the report. */
    Map<String, Object> summary() {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("model", model.modelName());
        entries.put("diffusion-model", diffusionModel != null ? diffusionModel.toString() : "emoji-ldm (embedded)");
        reward.summarise(entries);
        entries.put("prompts", prompts.promptsName());
        entries.put("horizons", horizons);
        entries.put("ddpo-steps", ddpoSteps);
        entries.put("guidance", guidance);
        entries.put("epochs", epochs);
        entries.put("samples-per-prompt", trainer().samplesPerPrompt());
        entries.put("learning-rate", learningRate);
        entries.put("ddpo-learning-rate", ddpoLearningRate);
        learning.summarise(entries);
        return entries;
    }
}
