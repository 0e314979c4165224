package dev.rlcm.onnx.pipeline;

import static dev.rlcm.onnx.pipeline.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.mdp.LastStep;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.ppo.UpdateReport;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatentDiffusionModelTest {
    private static final List<String> PROMPTS = List.of("a cat on grass", "a fox in the snow");
    private static final LoraConfig LORA = LoraConfig.rank(2).targeting("attention");

    private static Backend backend;
    private static LatentDiffusionModel emoji;

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu();
        emoji = LatentDiffusionModel.load(
                ModelDirectory.open(Models.EMOJI_LDM, Models.EMOJI), backend, PipelineOptions.defaults());
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @Test
    void latentsOfDeterministicDdimAreThoseOfPyTorch() throws IOException {
        Map<String, TensorData> golden = Goldens.read("emoji-golden/ddim-10.npz");
        TensorData latents = emoji.latents(
                PROMPTS,
                emoji.schedule().withEta(0).steps(10),
                golden.get("guidance_scale").getDouble(0),
                (row, k, size) -> Goldens.row(golden.get("noise"), row).toFloats());
        assertClose(latents, golden.get("latents"), 1e-3);
    }

    @Test
    void guidanceOneIsTheUnetAlone() {
        Graph plain = Network.plain(emoji).denoiser(2);
        assertThat(plain.inputs())
                .extracting(input -> input.label() + input.shape())
                .containsExactlyInAnyOrder("sample[2,4,16,16]", "timestep[2]", "encoder_hidden_states[2,12,64]");
        Sampler guided = new Sampler(emoji, backend);
        TensorData alone = emoji.latents(PROMPTS, emoji.schedule().steps(3), 1, LatentDiffusionModelTest::noise);
        TensorData composed =
                guided.sample(emoji.condition(PROMPTS, 1), emoji.schedule().steps(3), LatentDiffusionModelTest::noise);
        assertClose(alone, composed, 1e-4);
    }

    @Test
    void guidanceChangesPictures() {
        TensorData weak = emoji.latents(PROMPTS, emoji.schedule().steps(3), 2, LatentDiffusionModelTest::noise);
        TensorData strong = emoji.latents(PROMPTS, emoji.schedule().steps(3), 4, LatentDiffusionModelTest::noise);
        assertThat(weak.toFloats()).isNotEqualTo(strong.toFloats());
    }

    private static float[] noise(int row, int k, int size) {
        return RandomStreams.seeded(3).at(row).at(k).gaussians(size);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 3})
    void theSameOptimiserTrainsIt(double guidance) {
        SamplingPlan plan = SamplingPlan.steps(3).withBatch(2).withGuidance(guidance);
        try (ConsistencyPolicy policy = emoji.policy(LORA, plan)) {
            Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(1));
            PpoOptimizer ppo = PpoOptimizer.of(policy, PpoConfig.defaults());
            UpdateReport first = ppo.update(rollout, new double[] {1, -1});
            assertThat(first.ratios().initialError()).isLessThan(2e-5);
            assertThat(first.steps().gradNorm()).isPositive();
            assertThat(policy.rollout(PROMPTS, RandomStreams.seeded(1))
                            .samples()
                            .get(0)
                            .pixels())
                    .isNotEqualTo(rollout.samples().get(0).pixels());
        }
    }

    @Test
    void adaptersOfTheConsistencyModelFitWhereLayersAreTheSame(@TempDir Path temp) throws IOException {
        LatentConsistencyModel student = LatentConsistencyModel.load(Models.EMOJI, backend);
        Path attention = temp.resolve("attention.safetensors");
        Path guidance = temp.resolve("guidance.safetensors");
        for (Path file : List.of(attention, guidance)) {
            LoraConfig lora = file == attention ? LORA : LORA.targeting("cond_proj");
            try (ConsistencyPolicy policy =
                    student.policy(lora, SamplingPlan.steps(2).withBatch(1))) {
                policy.adapter().save(file);
            }
        }
        LoraAdapter adapter = emoji.adapter(attention);
        assertThat(adapter.sites()).isEqualTo(student.adapter(attention).sites());
        try (ConsistencyPolicy policy =
                emoji.policy(adapter, SamplingPlan.steps(2).withBatch(1).withGuidance(3))) {
            assertThat(policy.rollout(PROMPTS, RandomStreams.seeded(1)).size()).isEqualTo(2);
        }
        assertThatThrownBy(() -> emoji.adapter(guidance))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cond_proj");
    }

    @Test
    void anySizeOfPictureCanBeAskedFor() throws IOException {
        LatentDiffusionModel wide = LatentDiffusionModel.load(
                emoji.directory(), backend, PipelineOptions.defaults().withSize(48, 96));
        assertThat(wide.latentShape()).isEqualTo(Shape.of(4, 12, 24));
        assertThat(wide.generate(PROMPTS, 2, 3, 1).get(0).width()).isEqualTo(96);
    }

    @Test
    void allStepsAreActions() {
        Schedule schedule = emoji.schedule(SamplingPlan.steps(3).withLastStep(LastStep.OMIT));
        assertThat(schedule.actions()).isEqualTo(3);
        assertThatThrownBy(() -> emoji.schedule(SamplingPlan.steps(1001)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("evaluations must be in [1, 1000], got 1001");
    }

    @Test
    void consistencyModelsAreRefused() {
        assertThatThrownBy(() -> LatentDiffusionModel.load(Models.EMOJI, backend))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("load it by LatentConsistencyModel");
    }
}
