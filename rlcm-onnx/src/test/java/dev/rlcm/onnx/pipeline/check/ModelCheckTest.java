package dev.rlcm.onnx.pipeline.check;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.ExternalFiles;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.pipeline.Models;
import dev.rlcm.onnx.pipeline.TimestepVariant;
import dev.rlcm.onnx.pipeline.check.Finding.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelCheckTest {
    private static final CheckSettings SETTINGS = CheckSettings.defaults();
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path temp;

    @Test
    void aSoundModelHasNoErrorsAndAnEstimate() {
        List<Finding> findings = ModelCheck.of(Models.TINY, SETTINGS.withBatch(2));
        assertThat(findings).noneMatch(f -> f.severity() == Severity.ERROR);
        assertThat(texts(findings))
                .anyMatch(text -> text.startsWith("INFO model: sampling 2 at a time will take about"))
                .anyMatch(text -> text.startsWith("INFO model: training with minibatches of 2 will take about"))
                .anyMatch(text -> text.startsWith("INFO unet: timestep is declared [steps]"))
                .anyMatch(text -> text.contains("to_q=32"));
    }

    /** Transformed kernels of 4x4 tiles take four times the memory, and the findings say which convolutions have them. */
    @Test
    void theEstimateSpeaksOfTheConvolutionsThatRun() {
        assertThat(convolutions(ConvolutionForms.DIRECT))
                .anyMatch(text -> text.contains("0 of 49 convolutions of 3x3"));
        assertThat(convolutions(ConvolutionForms.FILTERED))
                .anyMatch(text -> text.contains("49 of 49 convolutions of 3x3") && text.contains("tiles of 4x4"));
        assertThat(trainingMegabytes(ConvolutionForms.FILTERED))
                .isGreaterThan(trainingMegabytes(ConvolutionForms.DIRECT));
    }

    private static List<String> convolutions(ConvolutionForms forms) {
        return texts(ModelCheck.of(
                Models.TINY, SETTINGS.withRuntime(OrtOptions.defaults().withConvolutions(forms))));
    }

    private static int trainingMegabytes(ConvolutionForms forms) {
        return convolutions(forms).stream()
                .map(Pattern.compile("training .* about (\\d+) MB")::matcher)
                .filter(Matcher::find)
                .mapToInt(matcher -> Integer.parseInt(matcher.group(1)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void whatIsNoDirectoryIsOneError() throws IOException {
        assertThat(ModelCheck.of(temp.resolve("absent"), SETTINGS))
                .singleElement()
                .satisfies(f -> assertThat(f.toString()).contains("does not exist", "optimum-cli"));
        Path file = Files.writeString(temp.resolve("file"), "");
        assertThat(texts(ModelCheck.of(file, SETTINGS)))
                .singleElement()
                .asString()
                .contains("is a file");
    }

    @Test
    void everythingThatIsMissingIsNamedAtOnce() {
        assertThat(texts(ModelCheck.of(temp, SETTINGS)))
                .anyMatch(text -> text.contains("unet/model.onnx") && text.contains("scheduler_config.json"))
                .anyMatch(text -> text.startsWith("ERROR tokenizer: the folder is missing"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{\"a\":", "[]", "{}", "version https://git-lfs.github.com/spec/v1 oid 1"})
    void damagedFilesAreErrorsOfTheirComponents(String content) throws IOException {
        Path model = copy("damaged");
        try (Stream<Path> files = Files.walk(model)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.writeString(file, content);
            }
        }
        assertThat(ModelCheck.of(model, SETTINGS).stream()
                        .filter(f -> f.severity() == Severity.ERROR)
                        .map(Finding::component))
                .contains("unet", "text_encoder", "vae_decoder", "tokenizer");
    }

    @Test
    void aDamagedDecoderDoesNotHideWhatElseIsSo() throws IOException {
        Path model = copy("decoder");
        Files.writeString(model.resolve("vae_decoder/model.onnx"), "no model");
        assertThat(texts(ModelCheck.of(model, SETTINGS)))
                .anyMatch(text -> text.startsWith("ERROR vae_decoder") && text.contains("not a readable ONNX model"))
                .anyMatch(text -> text.startsWith("INFO adapter: rank 8"));
    }

    @Test
    void severalMistakesAreFoundInOneRun() throws IOException {
        Path model = copy("mistakes");
        edit(model, "scheduler/scheduler_config.json", json -> {
            json.put("prediction_type", "flow");
            json.put("clip_sample", true);
            json.put("_class_name", "DDIMScheduler");
        });
        edit(model, "vae_decoder/config.json", json -> {
            json.remove("scaling_factor");
            json.put("latent_channels", 16);
        });
        edit(model, "tokenizer/tokenizer_config.json", json -> json.remove("pad_token"));
        Files.writeString(model.resolve("tokenizer/special_tokens_map.json"), "{}");
        edit(model, "unet/config.json", json -> json.put("time_cond_proj_dim", 128));
        assertThat(texts(ModelCheck.of(model, SETTINGS)))
                .anyMatch(text -> text.startsWith("ERROR scheduler") && text.contains("flow"))
                .anyMatch(text -> text.startsWith("ERROR scheduler") && text.contains("clip_sample"))
                .anyMatch(text -> text.startsWith("WARNING scheduler: is of a DDIMScheduler"))
                .anyMatch(text -> text.startsWith("WARNING vae_decoder") && text.contains("0.18215"))
                .anyMatch(text -> text.startsWith("ERROR unet: takes 4 channels, the VAE has 16"))
                .anyMatch(text -> text.startsWith("WARNING tokenizer: no pad_token"))
                .anyMatch(text -> text.contains("timestep_cond has 256 columns"));
    }

    @Test
    void targetsThatMatchNothingAreNamedWithTheCandidates() {
        List<String> none = texts(
                ModelCheck.of(Models.TINY, SETTINGS.withLora(LoraConfig.rank(4).targeting("query"))));
        assertThat(none.stream().filter(text -> text.startsWith("ERROR")))
                .singleElement()
                .asString()
                .startsWith("ERROR adapter: no layer matches the LoRA targets query")
                .contains("to_q");
        List<String> some = texts(
                ModelCheck.of(Models.TINY, SETTINGS.withLora(LoraConfig.rank(4).targeting("query", "to_q"))));
        assertThat(some)
                .anyMatch(text -> text.startsWith("WARNING adapter: no layer matches query"))
                .noneMatch(text -> text.startsWith("ERROR"));
    }

    @ParameterizedTest
    @CsvSource({"100, 64, no whole number of latents", "72, 72, cannot be halved", "0, 0, VAE"})
    void picturesThatDoNotFitAreRefused(int height, int width, String expected) throws IOException {
        Path model = copy("sizes");
        if (height == 0) {
            edit(model, "vae_decoder/config.json", json -> json.putArray("block_out_channels")
                    .add(16));
            assertThat(texts(ModelCheck.of(model, SETTINGS))).anyMatch(text -> text.contains(expected));
        } else {
            assertThat(texts(ModelCheck.of(model, SETTINGS.withSize(height, width))))
                    .anyMatch(text -> text.contains(expected));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INT64_PER_ROW", "FLOAT_SCALAR"})
    void aTimestepForAllRowsIsAccepted(TimestepVariant variant) throws IOException {
        Path model = copy(variant.name());
        Files.delete(model.resolve("unet/model.onnx"));
        Files.copy(Models.TINY.resolve("unet_opset17/model.onnx"), model.resolve("unet/model.onnx"));
        variant.apply(model.resolve("unet/model.onnx"));
        List<String> findings = texts(ModelCheck.of(model, SETTINGS));
        assertThat(findings).noneMatch(text -> text.startsWith("ERROR"));
        assertThat(findings.stream().anyMatch(text -> text.contains("one for all rows")))
                .isEqualTo(variant != TimestepVariant.INT64_PER_ROW);
    }

    /** Real exports have such files; where their directory is given by a relative path does not matter. */
    @Test
    void weightsBesideTheModelAreFoundOrSaidToBeMissingOnce() throws IOException {
        Path model = copy("external");
        for (String component : List.of("unet", "text_encoder", "vae_decoder")) {
            ExternalFiles.externalise(model.resolve(component));
        }
        Path relative = Path.of(".")
                .resolve(Path.of("").toAbsolutePath().relativize(temp))
                .resolve("./external");
        assertThat(texts(ModelCheck.of(relative, SETTINGS)))
                .noneMatch(text -> text.startsWith("ERROR"))
                .anyMatch(text -> text.startsWith("INFO adapter: rank 8"));
        Path elsewhere = Files.move(model.resolve("unet/model.onnx_data"), temp.resolve("data"));
        assertThat(errors(relative))
                .singleElement()
                .asString()
                .startsWith("ERROR unet:")
                .contains("what cannot be read", "external data file", "does not exist")
                .hasSizeLessThan(2000);
        Files.createSymbolicLink(model.resolve("unet/model.onnx_data"), elsewhere);
        assertThat(errors(relative)).singleElement().asString().contains("is a link to", "if you trust");
    }

    private static List<String> errors(Path model) {
        return texts(ModelCheck.of(model, SETTINGS)).stream()
                .filter(text -> text.startsWith("ERROR"))
                .toList();
    }

    private Path copy(String name) throws IOException {
        return Models.copy(Models.TINY, temp.resolve(name));
    }

    private static void edit(Path model, String name, Consumer<ObjectNode> change) throws IOException {
        Path file = model.resolve(name);
        ObjectNode json = (ObjectNode) JSON.readTree(file.toFile());
        change.accept(json);
        Files.writeString(file, json.toString());
    }

    private static List<String> texts(List<Finding> findings) {
        return findings.stream().map(Finding::toString).toList();
    }
}
