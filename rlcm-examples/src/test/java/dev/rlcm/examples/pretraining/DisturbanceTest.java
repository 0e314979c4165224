package dev.rlcm.examples.pretraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.descriptive.moment.StandardDeviation;
import org.junit.jupiter.api.Test;

class DisturbanceTest {
    private static final RandomStreams DRAWS = RandomStreams.seeded(3);
    private static final int ROWS = 4;

    /** Grey ones, each of its own level. */
    private static List<Sample> pictures() {
        return IntStream.range(0, ROWS)
                .mapToObj(row -> {
                    float[] pixels = new float[3 * 64 * 64];
                    Arrays.fill(pixels, 0.2f + 0.1f * row);
                    return Sample.of("a picture", 64, 64, pixels);
                })
                .toList();
    }

    private static long changed(List<Sample> before, List<Sample> after) {
        return IntStream.range(0, ROWS)
                .filter(row ->
                        !Arrays.equals(before.get(row).pixels(), after.get(row).pixels()))
                .count();
    }

    @Test
    void halfOfThePicturesGetNoiseOfThatDeviation() throws IOException {
        List<Sample> before = pictures();
        List<Sample> after = new Disturbance(null, 0, 0.1).of(before, DRAWS);
        assertThat(changed(before, after)).isEqualTo(ROWS / 2);
        double[] noisy = after.stream()
                .mapToDouble(sample -> {
                    double[] pixels = new double[sample.pixels().length];
                    Arrays.setAll(pixels, i -> sample.pixels()[i]);
                    return new StandardDeviation().evaluate(pixels);
                })
                .filter(deviation -> deviation > 0)
                .toArray();
        assertThat(noisy).hasSize(ROWS / 2);
        assertThat(noisy[0]).isCloseTo(0.1, within(0.005));
    }

    @Test
    void halfOfThePicturesPassThroughTheVae() throws IOException {
        List<Sample> before = pictures();
        try (Backend backend = OrtBackend.cpu(1)) {
            LatentConsistencyModel model = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend);
            List<Sample> after = new Disturbance(model, 0, 0).of(before, DRAWS);
            assertThat(changed(before, after)).isEqualTo(ROWS / 2);
            for (int row = 0; row < ROWS; row++) {
                if (!Arrays.equals(before.get(row).pixels(), after.get(row).pixels())) {
                    Sample copy = model.decode(List.of(""), model.encode(List.of(before.get(row))))
                            .get(0);
                    for (int i = 0; i < copy.pixels().length; i++) {
                        assertThat((double) after.get(row).pixels()[i]).isCloseTo(copy.pixels()[i], within(1e-4));
                    }
                }
            }
            assertThat(changed(after, new Disturbance(model, 0.1, 0).of(before, DRAWS)))
                    .as("noise on latents shows")
                    .isEqualTo(ROWS / 2);
        }
    }

    @Test
    void withoutNoiseAndVaeNothingChanges() throws IOException {
        List<Sample> before = pictures();
        assertThat(new Disturbance(null, 1, 0).of(before, DRAWS)).isEqualTo(before);
    }
}
