package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.reward.DifferentiableReward;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Graphs of rewards say what their scores say. */
class DifferentiableRewardsTest {
    private static final Path HEAD =
            Path.of(System.getProperty("rlcm.root"), "fixtures", "clip-golden", "aesthetic_mlp.safetensors");
    private static final String PROMPT = "a red ball";

    @TempDir
    static Path folder;

    private static OrtBackend backend;
    private static ClipScore clip;
    private static AestheticScore aesthetic;

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu();
        ClipRewardsTest.copyModel(folder);
        clip = ClipScore.load(folder, backend);
        aesthetic = AestheticScore.load(ClipImageEncoder.load(folder, backend), HEAD);
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    /** The encoder takes 128 x 128: the pictures are taken as they are, cropped, stretched, and shrunk. */
    @ParameterizedTest
    @CsvSource({"128, 128, 1e-5", "128, 150, 1e-5", "64, 64, 2e-2", "199, 301, 2e-2"})
    void clipAndAestheticGraphsScoreAlike(int height, int width, double tolerance) {
        Sample sample = smooth(height, width);
        assertThat(graph(clip, sample)).isCloseTo(clip.score(List.of(sample))[0], within(tolerance));
        assertThat(graph(aesthetic, sample)).isCloseTo(aesthetic.score(List.of(sample))[0], within(tolerance));
    }

    @Test
    void brightnessGraphsScoreAlike() {
        Sample sample = smooth(9, 7);
        DifferentiableReward brightness = PixelStatistics.brightness();
        assertThat(graph(brightness, sample)).isCloseTo(brightness.score(List.of(sample))[0], within(1e-6));
        DifferentiableReward named = brightness.named("light");
        assertThat(named.name()).isEqualTo("light");
        assertThat(graph(named, sample)).isEqualTo(graph(brightness, sample));
        assertThat(named.score(List.of(sample))).containsExactly(brightness.score(List.of(sample)));
    }

    /** The sample in the second row of two. */
    private static double graph(DifferentiableReward reward, Sample sample) {
        Graph graph = reward.graph(2, sample.height(), sample.width());
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        for (Value input : graph.inputs()) {
            boolean isPicture = input.label().equals(DifferentiableReward.PICTURE);
            float[] row = isPicture
                    ? sample.pixels()
                    : reward.condition(PROMPT).get(input.label()).toFloats();
            inputs.put(
                    input.label(),
                    TensorData.generate(
                            DataType.FLOAT32, input.shape(), i -> i < row.length ? 0.25 : row[i - row.length]));
        }
        TensorData result =
                backend.compile(graph).run(inputs).values().iterator().next();
        assertThat(result.shape()).isEqualTo(Shape.of(2));
        return result.getDouble(1);
    }

    /** Whole levels of 8 bits, so that only resizing rounds. */
    private static Sample smooth(int height, int width) {
        Random random = new Random(3);
        double[] phase = random.doubles(6, 0, 6).toArray();
        float[] pixels = new float[3 * height * width];
        for (int i = 0; i < pixels.length; i++) {
            int channel = i / (height * width);
            double y = (double) (i % (height * width) / width) / height;
            double x = (double) (i % width) / width;
            double wave = Math.sin(5 * x + phase[channel]) * Math.cos(4 * y + phase[3 + channel]);
            pixels[i] = Math.round(255 * (0.5 + 0.45 * wave)) / 255f;
        }
        return Sample.of(PROMPT, height, width, pixels);
    }
}
