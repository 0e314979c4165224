package dev.rlcm.onnx.pipeline;

import static dev.rlcm.onnx.pipeline.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Safetensors;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.check.CheckSettings;
import dev.rlcm.onnx.pipeline.check.Finding;
import dev.rlcm.onnx.pipeline.check.ModelCheck;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.policy.Transition;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.Noise;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.train.Prompts;
import dev.rlcm.train.Trainer;
import dev.rlcm.train.TrainerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What holds for every family: its tiny model behaves as in PyTorch, see fixtures/families, and can be trained. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class FamilyTest {
    /** Pictures of the goldens; FLUX's configuration does not say what it was trained on. */
    static final PipelineOptions SMALL = PipelineOptions.defaults().withSize(16, 16);

    /** Those of a VAE that makes 32 x 32 pixels of a latent. */
    static final PipelineOptions WIDE = PipelineOptions.defaults().withSize(64, 96);

    static final List<String> PROMPTS = List.of("a red fox", "two blue birds on the house");
    private static final RewardFunction BRIGHT = RewardFunction.each(sample -> {
        double sum = 0;
        for (float pixel : sample.pixels()) {
            sum += pixel;
        }
        return sum / sample.pixels().length;
    });

    private final Path directory;
    private final double guidance;
    private final String[] targets;

    OrtBackend backend;
    LatentModel model;
    Map<String, TensorData> golden;

    FamilyTest(String name, double guidance, String... targets) {
        this.directory = Models.FIXTURES.resolve("families").resolve(name);
        this.guidance = guidance;
        this.targets = targets;
    }

    List<String> prompts() {
        return PROMPTS;
    }

    abstract LatentModel load(ModelDirectory from) throws IOException;

    /** The size of the goldens' pictures. */
    PipelineOptions options() {
        return SMALL;
    }

    /** The sampler without noise that the goldens were made with. */
    abstract Schedule deterministic(int evaluations);

    @BeforeAll
    void open() throws IOException {
        backend = OrtBackend.cpu();
        model = load(ModelDirectory.open(directory));
        golden = Goldens.read("families/" + directory.getFileName() + "/golden.npz");
    }

    @AfterAll
    void close() {
        backend.close();
    }

    private SamplingPlan plan() {
        return SamplingPlan.steps(4).withGuidance(guidance).withBatch(2);
    }

    private Noise noise() {
        return (row, k, size) ->
                Goldens.row(Goldens.row(golden.get("noise"), row), k).toFloats();
    }

    @Test
    void promptsBecomeWhatTheyAreInPyTorch() {
        List<Map<String, TensorData>> rows = model.condition(prompts(), guidance);
        int compared = 0;
        for (Map.Entry<String, TensorData> entry : golden.entrySet()) {
            String name = entry.getKey().startsWith("negative.")
                    ? GuidedDenoiser.negative(entry.getKey().substring("negative.".length()))
                    : entry.getKey().replace("condition.", "");
            if (entry.getKey().matches("(condition|negative)\\..*")
                    && rows.get(0).containsKey(name)) {
                for (int b = 0; b < 2; b++) {
                    assertClose(rows.get(b).get(name), Goldens.row(entry.getValue(), b), 1e-5);
                }
                compared++;
            }
        }
        int own = model.denoiser(1).inputs().size() - 2;
        assertThat(compared).isEqualTo(own - (model.isGuided() ? 1 : 0));
    }

    @Test
    void theNetworkIsThatOfPyTorch() {
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        inputs.put("sample", golden.get("x"));
        inputs.put("timestep", golden.get("t"));
        for (ConditioningInput input : model.denoiser.conditioning()) {
            inputs.put(input.name(), golden.get("condition." + input.name()));
        }
        TensorData output = backend.compile(model.denoiser.graph(2))
                .run(inputs)
                .values()
                .iterator()
                .next();
        assertClose(output, golden.get("output"), 1e-4);
    }

    @Test
    void samplesAreThoseOfPyTorch() {
        for (int steps : new int[] {1, 2, 4}) {
            if (!golden.containsKey("latents" + steps)) {
                continue; // one step is a way of consistency models
            }
            TensorData latents = model.latents(prompts(), deterministic(steps), guidance, noise());
            assertClose(latents, golden.get("latents" + steps), 1e-4);
        }
        List<Sample> pictures = model.decode(prompts(), golden.get("latents4"));
        for (int b = 0; b < 2; b++) {
            float[] pixels = pictures.get(b).pixels();
            Shape shape = Goldens.row(golden.get("pictures"), b).shape();
            assertClose(TensorData.floats(shape, pixels), Goldens.row(golden.get("pictures"), b), 1e-4);
        }
    }

    @Test
    void trajectoriesLogProbabilitiesAndGradientsAreThoseOfPyTorch() throws IOException {
        ConsistencyPolicy policy = model.policy(model.adapter(directory.resolve("lora.safetensors")), plan());
        Rollout rollout = policy.rollout(prompts(), noise());
        int actions = policy.schedule().actions();
        PolicyGraph graph = policy.graph(2 * actions);
        Map<String, Value> outputs = new LinkedHashMap<>(Map.of("log_prob", graph.logProb()));
        List<Value> gradients = Gradients.of(graph.logProb().sum(), graph.factors());
        for (int i = 0; i < gradients.size(); i++) {
            outputs.put("gradient." + graph.factors().get(i).label(), gradients.get(i));
        }
        Graph program = Graph.of(outputs);
        PolicyGraph.Batch batch = graph.newBatch(program, policy.adapter().tensors());
        for (int b = 0; b < 2; b++) {
            float[] states = Goldens.row(golden.get("states"), b).toFloats();
            var recorded =
                    new RecordedTrajectory(rollout.trajectories().get(b).conditioning(), states, policy.schedule());
            for (int k = 0; k < actions; k++) {
                float[] sampled = rollout.trajectories().get(b).state(k + 1);
                assertClose(widened(sampled), widened(recorded.state(k + 1)), 1e-4);
                batch.set(b * actions + k, new Transition(recorded, k));
            }
            float[] last = rollout.trajectories().get(b).latent().orElseThrow();
            assertClose(widened(last), Goldens.row(golden.get("final"), b).toDoubles(), 1e-4);
        }
        Map<String, TensorData> actual = backend.compile(program).run(batch.inputs());
        assertClose(actual.get("log_prob").toDoubles(), golden.get("log_probs").toDoubles(), 1e-5);
        assertThat(gradients).hasSize((int) golden.keySet().stream()
                .filter(key -> key.startsWith("gradient."))
                .count());
        for (Value factor : graph.factors()) {
            String key = "gradient." + factor.label();
            boolean isUsed = Arrays.stream(golden.get(key).toDoubles()).anyMatch(value -> value != 0);
            if (isUsed) {
                assertThat(Goldens.relativeL2(actual.get(key), golden.get(key)))
                        .as(key)
                        .isLessThan(1e-4);
            } else { // the queries of the text in a last block that gives no text
                assertThat(actual.get(key).toDoubles()).as(key).containsOnly(0);
            }
        }
    }

    private static double[] widened(float[] values) {
        return TensorData.floats(Shape.of(values.length), values).toDoubles();
    }

    @Test
    void threeEpochsLeaveAnAdapterWithTheKeysOfDiffusersAndCanBeResumed(@TempDir Path temp) throws Exception {
        Path checkpoint = temp.resolve("checkpoint.safetensors");
        ConsistencyPolicy straight = fresh();
        Trainer trainer = trainer(straight);
        assertThat(trainer.run(report ->
                        assertThat(report.update().ratios().initialError()).isLessThan(1e-4)))
                .isEqualTo(3);
        ConsistencyPolicy interrupted = fresh();
        Trainer first = trainer(interrupted);
        first.run(report -> {
            if (report.epoch() == 1) {
                first.stop();
            }
        });
        first.save(checkpoint);
        ConsistencyPolicy resumed = fresh();
        Trainer second = trainer(resumed);
        second.resume(checkpoint);
        second.run(report -> assertThat(report.epoch()).isEqualTo(2));
        straight.adapter().save(temp.resolve("straight.safetensors"));
        resumed.adapter().save(temp.resolve("resumed.safetensors"));
        assertThat(temp.resolve("resumed.safetensors")).hasSameBinaryContentAs(temp.resolve("straight.safetensors"));

        Safetensors saved = Safetensors.read(temp.resolve("straight.safetensors"));
        Safetensors ofPyTorch = Safetensors.read(directory.resolve("lora.safetensors"));
        assertThat(saved.tensors()).containsOnlyKeys(ofPyTorch.tensors().keySet());
        saved.tensors().forEach((key, tensor) -> assertThat(tensor.shape())
                .isEqualTo(ofPyTorch.tensor(key).shape()));
        assertThat(saved.tensors().entrySet())
                .filteredOn(entry -> entry.getKey().contains("lora_B"))
                .anyMatch(entry -> entry.getValue().toDoubles()[0] != 0);
    }

    @Test
    void aModelWithTheAdapterInItsWeightsDrawsWhatTheAdapterMakesItDraw(@TempDir Path temp) throws IOException {
        Path lora = directory.resolve("lora.safetensors");
        AdapterMerge.write(ModelDirectory.open(directory), lora, 1, temp);
        LatentModel merged = load(ModelDirectory.open(temp));
        List<TensorData> expected = drawn(model.policy(model.adapter(lora), plan()));
        List<TensorData> unchanged = drawn(fresh());
        List<TensorData> actual = drawn(merged.policy(LoraConfig.rank(1).targeting(targets), plan()));
        for (int b = 0; b < 2; b++) {
            assertClose(actual.get(b), expected.get(b), 1e-4);
            assertThat(Goldens.relativeL2(unchanged.get(b), expected.get(b))).isGreaterThan(2e-3);
        }
    }

    private List<TensorData> drawn(ConsistencyPolicy policy) {
        return policy.rollout(prompts(), noise()).trajectories().stream()
                .map(trajectory -> trajectory.latent().orElseThrow())
                .map(latent -> TensorData.floats(Shape.of(latent.length), latent))
                .toList();
    }

    private ConsistencyPolicy fresh() {
        LoraConfig lora = LoraConfig.rank(4).withAlpha(8).targeting(targets);
        return model.policy(lora, plan().withBatch(4), RandomStreams.seeded(1));
    }

    private Trainer trainer(ConsistencyPolicy policy) {
        PpoConfig ppo =
                PpoConfig.defaults().withLearningRate(1e-2).withMinibatch(6).withTrajectoriesPerStep(2);
        TrainerConfig config = TrainerConfig.defaults().withEpochs(3).withTrajectories(4);
        return new Trainer(policy, PpoOptimizer.of(policy, ppo), BRIGHT, new Prompts(prompts()), config);
    }

    @Test
    void theCheckFindsNoErrors() {
        CheckSettings settings = CheckSettings.defaults()
                .withSteps(4)
                .withSize(options().height().getAsInt(), options().width().getAsInt())
                .withBatch(2)
                .withLora(LoraConfig.rank(4).targeting(targets));
        List<Finding> findings = ModelCheck.of(directory, settings);
        assertThat(findings).noneMatch(finding -> finding.severity() == Finding.Severity.ERROR);
        assertThat(findings).anyMatch(finding -> finding.toString().contains("training with minibatches of 2"));
    }
}
