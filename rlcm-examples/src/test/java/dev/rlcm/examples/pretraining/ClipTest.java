package dev.rlcm.examples.pretraining;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.LoadOptions;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.ModelFiles;
import dev.rlcm.optim.AveragedWeights;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipTest {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");
    private static final int ROWS = 2;

    /** As Optimum exports CLIPModel. */
    @Test
    void bothTowersMayLieInOneFile(@TempDir Path directory) throws IOException {
        Shape ids = Shape.of(ROWS, 77);
        Map<String, Value> outputs =
                new LinkedHashMap<>(tower("vision_model.onnx", Map.of("pixel_values", Shape.of(ROWS, 3, 128, 128))));
        outputs.putAll(tower("text_model.onnx", Map.of("input_ids", ids, "attention_mask", ids)));
        OnnxModels.save(Graph.of(outputs), directory.resolve("model.onnx"));
        ModelFiles.copy(FIXTURES.resolve("tiny-lcm/tokenizer"), directory.resolve("tokenizer"), file -> true);
        Files.copy(
                FIXTURES.resolve("clip-golden/preprocessor_config.json"),
                directory.resolve("preprocessor_config.json"));

        try (Clip clip = Clip.load(directory, ROWS)) {
            Map<String, TensorData> parameters = clip.parameters();
            assertThat(parameters.keySet())
                    .filteredOn(name -> name.startsWith("vision/"))
                    .isNotEmpty();
            assertThat(parameters.keySet())
                    .filteredOn(name -> name.startsWith("text/"))
                    .isNotEmpty();
            clip.drawWeights(RandomStreams.seeded(5));
            clip.setLogScale(1.5);
            clip.save(new AveragedWeights(parameters, 0));
            try (Clip saved = Clip.load(directory, ROWS)) {
                saved.parameters().forEach((name, weight) -> assertThat(weight.toFloats())
                        .as(name)
                        .isEqualTo(parameters.get(name).toFloats()));
                assertThat(saved.parameters()).hasSameSizeAs(parameters);
            }
            assertThat(JsonFile.read(directory.resolve("config.json")).real(Clip.SCALE))
                    .hasValue(1.5);
        }
    }

    private static Map<String, Value> tower(String file, Map<String, Shape> inputs) throws IOException {
        Path path = FIXTURES.resolve("clip-golden").resolve(file);
        return OnnxModels.load(
                        path,
                        LoadOptions.defaults()
                                .withTrained(OnnxModels.weightNames(path))
                                .withInputShapes(inputs))
                .outputs();
    }
}
