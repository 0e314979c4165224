package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.ExternalFiles;
import dev.rlcm.onnx.HalfFiles;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.check.CheckSettings;
import dev.rlcm.onnx.pipeline.check.Finding;
import dev.rlcm.onnx.pipeline.check.ModelCheck;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.ppo.UpdateReport;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every family in the layouts that exporters write: 16-bit weights, in a file of their own or in several. */
class ExportLayoutsTest {
    private static OrtBackend backend;

    @TempDir
    Path temp;

    /** The fixtures of families, with the scale and the size of their goldens. */
    enum Fixture {
        SDXL(5, FamilyTest.SMALL),
        SD3(3, FamilyTest.SMALL),
        FLUX(3.5, FamilyTest.SMALL),
        FLUX2(1, FamilyTest.SMALL),
        PIXART(1, FamilyTest.SMALL),
        SANA(4.5, FamilyTest.WIDE),
        SANA_SPRINT(4.5, FamilyTest.WIDE);

        private final double guidance;
        private final PipelineOptions options;

        Fixture(double guidance, PipelineOptions options) {
            this.guidance = guidance;
            this.options = options;
        }

        private String folder() {
            return "families/" + name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        private LatentModel load(Path directory) throws IOException {
            ModelDirectory opened = ModelDirectory.open(directory);
            return opened.isFlowMatching()
                    ? FlowMatchingModel.load(opened, backend, options)
                    : opened.isTrigFlow()
                            ? TrigFlowModel.load(opened, backend, options)
                            : LatentConsistencyModel.load(opened, backend, options);
        }
    }

    @BeforeAll
    static void open() {
        backend = OrtBackend.cpu();
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @ParameterizedTest
    @EnumSource
    void halvesInOneDataFileAreCloseToTheGoldens(Fixture fixture) throws IOException {
        Path model = Models.copy(Models.FIXTURES.resolve(fixture.folder()), temp.resolve("model"));
        for (Path component : networks(model)) {
            HalfFiles.halve(component, DataType.FLOAT16);
            ExternalFiles.externalise(component);
        }
        check(fixture, model, 1e-2);
    }

    @ParameterizedTest
    @EnumSource
    void shortenedFloatsInSeveralDataFilesAreCloseToTheGoldens(Fixture fixture) throws IOException {
        Path model = Models.copy(Models.FIXTURES.resolve(fixture.folder()), temp.resolve("model"));
        for (Path component : networks(model)) {
            HalfFiles.halve(component, DataType.BFLOAT16);
            ExternalFiles.shard(component, 3);
        }
        check(fixture, model, 8e-2);
    }

    @Test
    void theConfigurationOfTheVaeMayBeWhereDiffusersHasIt() throws IOException {
        Path model = Models.copy(Models.FIXTURES.resolve("families/sana"), temp.resolve("model"));
        Files.createDirectory(model.resolve("vae"));
        Files.move(model.resolve("vae_decoder/config.json"), model.resolve("vae/config.json"));
        ModelDirectory opened = ModelDirectory.open(model);
        assertThat(opened.latentScale()).isEqualTo(32);
        opened.copyTo(temp.resolve("copy"));
        assertThat(ModelDirectory.open(temp.resolve("copy")).scalingFactor()).isEqualTo(0.41407);
        assertThat(ModelCheck.of(model, settings(Fixture.SANA)))
                .noneMatch(finding -> finding.severity() == Finding.Severity.ERROR);
    }

    private static CheckSettings settings(Fixture fixture) {
        OptionalInt height = fixture.options.height();
        OptionalInt width = fixture.options.width();
        return CheckSettings.defaults().withSteps(2).withSize(height.getAsInt(), width.getAsInt());
    }

    private static List<Path> networks(Path model) throws IOException {
        try (Stream<Path> parts = Files.list(model)) {
            return parts.filter(part -> Files.exists(part.resolve("model.onnx")))
                    .toList();
        }
    }

    private static void check(Fixture fixture, Path directory, double tolerance) throws IOException {
        assertThat(ModelCheck.of(directory, settings(fixture)))
                .noneMatch(finding -> finding.severity() == Finding.Severity.ERROR);
        LatentModel model = fixture.load(directory);
        Map<String, TensorData> golden = Goldens.read(fixture.folder() + "/golden.npz");
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        inputs.put("sample", golden.get("x"));
        inputs.put("timestep", golden.get("t"));
        List<Map<String, TensorData>> rows = model.condition(FamilyTest.PROMPTS, fixture.guidance);
        for (ConditioningInput input : model.denoiser.conditioning()) {
            TensorData expected = golden.get("condition." + input.name());
            for (int b = 0; b < rows.size(); b++) {
                assertNear(input.name(), rows.get(b).get(input.name()), Goldens.row(expected, b), tolerance);
            }
            inputs.put(input.name(), expected);
        }
        TensorData output = backend.compile(model.denoiser.graph(2))
                .run(inputs)
                .values()
                .iterator()
                .next();
        assertNear("output", output, golden.get("output"), tolerance);

        List<Sample> pictures = model.decode(FamilyTest.PROMPTS, golden.get("latents4"));
        for (int b = 0; b < pictures.size(); b++) {
            TensorData expected = Goldens.row(golden.get("pictures"), b);
            assertNear(
                    "picture",
                    TensorData.floats(expected.shape(), pictures.get(b).pixels()),
                    expected,
                    tolerance);
        }
        assertLearns(model, fixture.guidance);
    }

    private static void assertNear(String name, TensorData actual, TensorData expected, double tolerance) {
        assertThat(Goldens.relativeL2(actual, expected)).as(name).isLessThan(tolerance);
    }

    private static void assertLearns(LatentModel model, double guidance) {
        SamplingPlan plan = SamplingPlan.steps(2).withGuidance(guidance).withBatch(2);
        ConsistencyPolicy policy = model.policy(LoraConfig.rank(2), plan);
        Rollout rollout = policy.rollout(FamilyTest.PROMPTS, RandomStreams.seeded(1));
        PpoConfig config = PpoConfig.defaults().withMinibatch(2).withTrajectoriesPerStep(2);
        UpdateReport report = PpoOptimizer.of(policy, config).update(rollout, new double[] {1, -1});
        assertThat(report.ratios().initialError()).isLessThan(1e-3);
        assertThat(report.steps().gradNorm()).isFinite().isPositive();
    }
}
