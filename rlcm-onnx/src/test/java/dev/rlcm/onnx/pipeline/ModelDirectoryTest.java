package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.mdp.DdimSchedule;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.onnx.pipeline.ModelDirectory.LatentSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelDirectoryTest {
    @TempDir
    Path temp;

    @Test
    void theConfigurationsAreRead() throws IOException {
        ModelDirectory emoji = ModelDirectory.open(Models.EMOJI);
        assertThat(emoji.schedule()).isEqualTo(LatentConsistencySchedule.defaults());
        assertThat(emoji.sampleSize()).contains(new LatentSize(16, 16));
        assertThat(emoji.latentScale()).isEqualTo(4);
        assertThat(emoji.scalingFactor()).isEqualTo(0.74537);
        assertThat(emoji.shiftFactor()).isZero();
        assertThat(emoji.vaeEncoder()).isPresent();
        assertThat(ModelDirectory.open(Models.TINY).latentScale()).isEqualTo(8);
    }

    @Test
    void aCopyOfAModelThatSharesComponentsIsWhole() throws IOException {
        ModelDirectory shared = ModelDirectory.open(Models.EMOJI_LDM, Models.EMOJI);
        Path copy = temp.resolve("deep/copy");
        shared.copyTo(copy);
        ModelDirectory whole = ModelDirectory.open(copy);
        assertThat(whole.denoiser()).hasSameBinaryContentAs(Models.EMOJI_LDM.resolve("unet/model.onnx"));
        assertThat(whole.ddimSchedule()).isEqualTo(shared.ddimSchedule());
        assertThat(whole.vaeEncoder()).isPresent();
        assertThat(whole.tokenizer().resolve("tokenizer.json"))
                .hasSameBinaryContentAs(Models.EMOJI.resolve("tokenizer/tokenizer.json"));
    }

    @Test
    void aModelIsNotCopiedOverItself() throws IOException {
        ModelDirectory shared = ModelDirectory.open(Models.EMOJI_LDM, Models.EMOJI);
        for (Path own : new Path[] {Models.EMOJI_LDM, Models.EMOJI.resolve("../emoji-lcm")}) {
            assertThatThrownBy(() -> shared.copyTo(own))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll(own.toString(), "give another directory");
        }
    }

    @Test
    void aMissingDirectoryIsNamedAndSoIsTheExport() {
        assertThatThrownBy(() -> ModelDirectory.open(temp.resolve("no-such-model")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no-such-model does not exist")
                .hasMessageContaining("optimum-cli export onnx");
    }

    @Test
    void aFileIsNotAModel() {
        assertThatThrownBy(() -> ModelDirectory.open(Models.TINY.resolve("model_index.json")))
                .hasMessageContaining("is a file, not a model directory");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model_index.json",
                "unet/model.onnx",
                "unet/config.json",
                "vae_decoder/model.onnx",
                "vae_decoder/config.json",
                "scheduler/scheduler_config.json"
            })
    void aMissingFileIsNamed(String name) throws IOException {
        Path model = skeleton();
        Files.delete(model.resolve(name));
        assertThatThrownBy(() -> ModelDirectory.open(model))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(model + " has no " + name)
                .hasMessageContaining("expected the layout that Optimum writes");
    }

    @Test
    void pyTorchWeightsAreRecognised() throws IOException {
        Path model = skeleton();
        Files.move(model.resolve("unet/model.onnx"), model.resolve("unet/diffusion_pytorch_model.safetensors"));
        assertThatThrownBy(() -> ModelDirectory.open(model))
                .hasMessageContaining("holds PyTorch weights")
                .hasMessageContaining("optimum-cli export onnx");
    }

    @Test
    void pipelinesOfNoKnownFamilyAreRefused() throws IOException {
        Path model = skeleton();
        Files.writeString(
                model.resolve("model_index.json"),
                "{\"_class_name\": \"KandinskyPipeline\", \"prior\": [\"a\", \"b\"]}");
        assertThatThrownBy(() -> ModelDirectory.open(model))
                .hasMessageContaining("KandinskyPipeline with a prior")
                .hasMessageContaining("not supported");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model_index.json                | {                                     | not valid JSON",
                "model_index.json                | []                                    | not a JSON object",
                "scheduler/scheduler_config.json | {\"beta_start\": \"x\"}               | beta_start",
                "scheduler/scheduler_config.json | {\"beta_end\": 2}                     | betaEnd",
                "scheduler/scheduler_config.json | {\"num_train_timesteps\": -3}         | trainTimesteps",
                "scheduler/scheduler_config.json | {\"num_train_timesteps\": 1e99}       | num_train_timesteps",
                "scheduler/scheduler_config.json | {\"original_inference_steps\": 2000}  | originalInferenceSteps",
                "scheduler/scheduler_config.json | {\"prediction_type\": \"flow\"}       | prediction_type",
                "scheduler/scheduler_config.json | {\"beta_schedule\": \"squaredcos\"}   | beta_schedule",
                "scheduler/scheduler_config.json | {\"timestep_scaling\": 0}             | timestepScaling",
                "scheduler/scheduler_config.json | {\"clip_sample\": true}               | clip_sample",
                "unet/config.json                | {\"sample_size\": 0}                  | sample_size",
                "unet/config.json                | {\"sample_size\": [4]}                | sample_size",
                "vae_decoder/config.json         | {}                                    | block_out_channels",
                "vae_decoder/config.json         | {\"block_out_channels\": [1], \"scaling_factor\": 0} | scaling_factor"
            })
    void aWrongValueIsNamedWithItsFile(String file, String json, String expected) throws IOException {
        Path model = skeleton();
        Files.writeString(model.resolve(file), json);
        assertThatThrownBy(() -> ModelDirectory.open(model).schedule())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(model.resolve(file).toString())
                .hasMessageContaining(expected);
    }

    @Test
    void componentsThatAreMissingComeFromTheOtherModel() throws IOException {
        ModelDirectory teacher = ModelDirectory.open(Models.EMOJI_LDM, Models.EMOJI);
        assertThat(teacher.denoiser()).isEqualTo(Models.EMOJI_LDM.resolve("unet/model.onnx"));
        assertThat(teacher.ddimSchedule()).isEqualTo(DdimSchedule.defaults());
        ModelDirectory student = ModelDirectory.open(Models.EMOJI);
        assertThat(teacher.tokenizer()).isEqualTo(student.tokenizer());
        assertThat(teacher.textEncoder()).isEqualTo(student.textEncoder());
        assertThat(teacher.vaeDecoder()).isEqualTo(student.vaeDecoder());
        assertThat(teacher.vaeEncoder()).isEqualTo(student.vaeEncoder());
        assertThat(teacher.scalingFactor()).isEqualTo(student.scalingFactor());
    }

    @Test
    void unetAndSchedulerAreNotTakenFromTheOtherModel() throws IOException {
        Path model = skeleton();
        Files.delete(model.resolve("unet/model.onnx"));
        assertThatThrownBy(() -> ModelDirectory.open(model, Models.TINY))
                .hasMessageStartingWith(model + " has no unet/model.onnx");
    }

    @Test
    void deepJsonIsRefused() throws IOException {
        Path model = skeleton();
        Files.writeString(model.resolve("unet/config.json"), "{\"a\":" + "[".repeat(100_000));
        assertThatThrownBy(() -> ModelDirectory.open(model)).hasMessageContaining("not valid JSON");
    }

    /** A model's folder with its configurations and empty ONNX files. */
    private Path skeleton() throws IOException {
        for (String name : new String[] {
            "model_index.json", "scheduler/scheduler_config.json", "unet/config.json", "vae_decoder/config.json"
        }) {
            Files.createDirectories(temp.resolve(name).getParent());
            Files.copy(Models.TINY.resolve(name), temp.resolve(name));
        }
        for (String name : new String[] {"unet", "vae_decoder", "text_encoder"}) {
            Files.createDirectories(temp.resolve(name));
            Files.createFile(temp.resolve(name).resolve("model.onnx"));
        }
        return temp;
    }
}
