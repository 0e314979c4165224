package dev.rlcm.onnx.pipeline;

import static dev.rlcm.onnx.pipeline.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.onnx.pipeline.check.CheckSettings;
import dev.rlcm.onnx.pipeline.check.Finding;
import dev.rlcm.onnx.pipeline.check.Finding.Severity;
import dev.rlcm.onnx.pipeline.check.ModelCheck;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PixelConsistencyModelTest extends FamilyTest {
    private static final Path DIRECTORY = Models.FIXTURES.resolve("families/consistency");

    PixelConsistencyModelTest() {
        super("consistency", 1, "to_q", "to_k", "to_v", "to_out.0");
    }

    @Override
    List<String> prompts() {
        return List.of("Blue bird", "3");
    }

    @Override
    PixelConsistencyModel load(ModelDirectory from) throws IOException {
        return PixelConsistencyModel.load(from, backend, SMALL);
    }

    /** Its noise is the sampler's own, and given by the goldens. */
    @Override
    Schedule deterministic(int evaluations) {
        return model.schedule().steps(evaluations);
    }

    @Test
    void meansAreClippedSomewhere() {
        float[] estimates = golden.get("latents1").toFloats();
        int clipped = 0;
        for (float value : estimates) {
            clipped += Math.abs(value) == 1 ? 1 : 0;
        }
        assertThat(clipped).isBetween(10, estimates.length / 2);
    }

    @Test
    void aNetworkWithoutClassesTakesAnyPrompt(@TempDir Path temp) throws IOException {
        PixelConsistencyModel plain = PixelConsistencyModel.load(unconditional(temp), backend);
        assertThat(plain.condition(List.of("whatever", ""), 1)).allMatch(Map::isEmpty);
        TensorData output = backend.compile(plain.denoiser(2))
                .run(Map.of("sample", golden.get("x"), "timestep", golden.get("t")))
                .values()
                .iterator()
                .next();
        assertClose(output, golden.get("unconditional"), 1e-4);
        assertThat(plain.generate(List.of(""), 2, 1, 7)).hasSize(1);
        assertThat(ModelCheck.of(temp, CheckSettings.defaults()))
                .noneMatch(finding -> finding.severity() == Severity.ERROR);
    }

    private static Path unconditional(Path temp) throws IOException {
        Models.copy(DIRECTORY, temp);
        for (String file : List.of("model.onnx", "config.json")) {
            Files.move(
                    temp.resolve("unet_unconditional").resolve(file),
                    temp.resolve("unet").resolve(file),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        return temp;
    }

    @Test
    void picturesAreTheirOwnLatents() throws IOException {
        TensorData latents = golden.get("latents4");
        List<Sample> pictures = model.decode(prompts(), latents);
        assertThat(pictures).extracting(Sample::prompt).containsExactlyElementsOf(prompts());
        assertClose(model.encode(pictures), latents, 1e-6);
        TensorData decoded = backend.compile(model.decoder(2))
                .run(Map.of("latents", latents))
                .values()
                .iterator()
                .next();
        assertClose(decoded, golden.get("pictures"), 1e-6);
        assertThatThrownBy(() -> model.encode(List.of(Sample.of("", 2, 2, new float[12]))))
                .hasMessageContaining("expected pictures of 16 x 16 pixels");
    }

    @Test
    void chosenLevelsReachPolicies() {
        PixelConsistencyModel pixels = (PixelConsistencyModel) model;
        PixelConsistencyModel chosen = pixels.withSchedule(pixels.schedule().withLevels(22, 0));
        SamplingPlan plan = SamplingPlan.steps(2);
        assertThat(chosen.policy(LoraConfig.rank(1), plan).schedule())
                .isEqualTo(
                        pixels.schedule().at(pixels.schedule().withLevels(0, 22).levels(2)));
        assertThatThrownBy(() -> chosen.policy(LoraConfig.rank(1), SamplingPlan.steps(3)))
                .hasMessage("evaluations must be as many as there are chosen levels, 2, got 3");
    }

    @Test
    void otherLoadersRefuseIt() {
        assertThatThrownBy(() -> LatentConsistencyModel.load(DIRECTORY, backend))
                .hasMessageEndingWith("works on pixels; load it by PixelConsistencyModel");
        assertThatThrownBy(() -> PixelConsistencyModel.load(Models.TINY, backend))
                .hasMessageContaining("is a model of Stable Diffusion 1.5 with a LCMScheduler");
    }

    @Test
    void whatOptimumDoesNotExportIsToldFromWhatItDoes(@TempDir Path temp) throws IOException {
        Models.copy(DIRECTORY, temp);
        Files.move(temp.resolve("unet/model.onnx"), temp.resolve("unet/diffusion_pytorch_model.safetensors"));
        assertThatThrownBy(() -> PixelConsistencyModel.load(temp, backend))
                .hasMessageContaining("holds PyTorch weights, but no unet/model.onnx")
                .hasMessageContaining("docs/pixel-models.md");
        assertThat(ModelCheck.of(temp, CheckSettings.defaults()))
                .anyMatch(finding -> finding.remedy().contains("docs/pixel-models.md"));
    }

    @Test
    void theCheckNamesWhatDoesNotFit(@TempDir Path temp) throws IOException {
        Models.copy(DIRECTORY, temp);
        Path scheduler = temp.resolve("scheduler/scheduler_config.json");
        Files.writeString(scheduler, Files.readString(scheduler).replace("CMStochasticIterative", "DDIM"));
        Path config = temp.resolve("unet/config.json");
        Files.writeString(
                config, Files.readString(config).replace("\"num_class_embeds\": 5", "\"num_class_embeds\": 4"));
        List<Finding> findings = ModelCheck.of(temp, CheckSettings.defaults().withSteps(2));
        assertThat(findings)
                .anyMatch(finding -> finding.message().contains("is of a DDIMScheduler"))
                .anyMatch(finding -> finding.message().contains("expected names by the numbers of the 4 classes"));
        assertThat(ModelCheck.of(DIRECTORY, CheckSettings.defaults()))
                .anyMatch(finding -> finding.message().endsWith("numbers or names of classes: 5 classes, 6 names"));
    }
}
