package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Algorithm;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.ppo.UpdateReport;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

/** Every algorithm of the command line can be made, and those with most parts update the embedded model once. */
class AlgorithmOptionsTest {
    private static final List<String> PROMPTS = List.of("a cat", "a cat", "a dog", "a dog");
    private static final double[] REWARDS = {0.3, 0.5, 0.4, 0.1};

    private static Backend backend;
    private static LatentConsistencyModel model;

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu(1);
        model = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend);
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    private static TrainOptions options(String... args) {
        TrainOptions options = new TrainOptions();
        Stream<String> small =
                Stream.of("--steps", "2", "--trajectories", "4", "--minibatch", "4", "--rank", "1", "--epochs", "1");
        new CommandLine(options)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .parseArgs(Stream.concat(small, Arrays.stream(args)).toArray(String[]::new));
        return options;
    }

    /** Makes every loss, without compiling it. */
    @Test
    void everyAlgorithmCanBeMade() throws IOException {
        ConsistencyPolicy policy = model.policy(options().lora(), options().plan());
        for (Algorithm algorithm : Algorithm.values()) {
            TrainOptions options = options("--reward", "brightness", "--algorithm", algorithm.toString());
            PpoOptimizer.of(policy, options.ppo(), options.objective(model, policy, backend))
                    .close();
            assertThat(options.summary()).containsEntry("algorithm", algorithm.toString());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIFFUSION_DPO", "DIRECT", "GUARD"})
    void thoseWithMostPartsUpdateTheAdapter(Algorithm algorithm) throws IOException {
        TrainOptions options = options(
                "--reward",
                "brightness",
                "--algorithm",
                algorithm.toString(),
                "--draws",
                "2",
                "--advantage",
                "win-rate");
        ConsistencyPolicy policy = model.policy(options.lora(), options.plan());
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(1));
        try (policy;
                PpoOptimizer optimizer =
                        PpoOptimizer.of(policy, options.ppo(), options.objective(model, policy, backend))) {
            UpdateReport report = optimizer.update(
                    rollout, options.advantages(policy, options.reward(backend)).estimate(rollout, REWARDS));
            assertThat(report.steps().applied()).isPositive();
            assertThat(report.steps().skipped()).isZero();
            assertThat(report.steps().gradNorm()).isPositive();
        }
    }

    @Test
    void partsOfAnUpdateOfActionsAreAdded() throws IOException {
        TrainOptions options = options(
                "--reward", "brightness", "--actions", "1", "--consistency", "0.1", "--dense", "--common-beginnings");
        ConsistencyPolicy policy = model.policy(options.lora(), options.plan());
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(1));
        try (policy;
                PpoOptimizer optimizer =
                        PpoOptimizer.of(policy, options.ppo(), options.objective(model, policy, backend))) {
            double[] rewards = options.reward(backend).score(rollout.samples());
            double[] advantages =
                    options.advantages(policy, options.reward(backend)).estimate(rollout, rewards);
            assertThat(advantages).hasSize(4); // one action of each of four trajectories of two steps
            UpdateReport report = optimizer.update(rollout, advantages);
            assertThat(report.losses().parts()).containsKey("consistency");
            assertThat(report.steps().skipped()).isZero();
        }
        assertThat(options.trainer().commonBeginnings()).isTrue();
        TrainOptions noised = options("--algorithm", "nft", "--actions", "1");
        assertThatThrownBy(() -> noised.objective(model, policy, backend))
                .hasMessageContaining("are for algorithms that learn from actions, which nft does not");
    }

    @Test
    void theDivergenceCostsReward() throws IOException {
        TrainOptions options = options("--kl-reward", "0.1", "--kl-target", "0.01", "--advantage", "leave-one-out");
        ConsistencyPolicy policy = model.policy(options.lora(), options.plan());
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(1));
        assertThat(options.advantages(policy, options.reward(backend)))
                .hasToString("klRegularized(adaptive(0.1, 0.01), leaveOneOut())");
        assertThat(options.advantages(policy, options.reward(backend)).estimate(rollout, REWARDS)[1])
                .isPositive();
    }

    @Test
    void judgesOfTheEmbeddedModelsPicturesAreDoubtedForOthers() {
        String[] own = {"--model", "own", "--reward", "0.5*aesthetic + 0.5*brightness"};
        assertThat(options(own).doubts()).singleElement().asString().contains("aesthetic", "--clip");
        String[] judged =
                Stream.concat(Arrays.stream(own), Stream.of("--clip", "clip")).toArray(String[]::new);
        assertThat(options(judged).doubts()).isEmpty();
        assertThat(options("--reward", "aesthetic").doubts()).isEmpty();
        assertThat(options("--model", "own", "--reward", "incompressibility").doubts())
                .isEmpty();
    }

    @Test
    void whatDoesNotFitTheAlgorithmIsNamed() {
        TrainOptions jpeg = options("--reward", "compressibility", "--algorithm", "direct");
        ConsistencyPolicy policy = model.policy(jpeg.lora(), jpeg.plan());
        assertThatThrownBy(() -> jpeg.objective(model, policy, backend))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("direct needs a single reward with a gradient")
                .hasMessageContaining("compressibility");
        TrainOptions drifting = options("--algorithm", "nft", "--drift", "0.1");
        assertThatThrownBy(() -> drifting.objective(model, policy, backend))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("drift must be 0 with the algorithm nft");
    }
}
