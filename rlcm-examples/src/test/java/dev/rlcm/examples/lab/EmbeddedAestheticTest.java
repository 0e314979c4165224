package dev.rlcm.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import dev.rlcm.rewards.AestheticScore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.stat.StatUtils;
import org.junit.jupiter.api.Test;

/** Whether the embedded score tells good from bad among pictures that the embedded model draws, flaw by flaw. */
class EmbeddedAestheticTest {
    private static final List<String> PROMPTS = List.of(
            "a cat on grass",
            "a whale in the sea",
            "a bat at night",
            "a fox in the snow",
            "a camel on sand",
            "a bee at sunset",
            "a zebra on grass",
            "a cow on a plain background");

    @Test
    void picturesWithAFlawAreBelowThemselves() throws IOException {
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            Path directory = EmbeddedModel.emojiAesthetic();
            AestheticScore score = AestheticScore.load(
                    ClipImageEncoder.load(directory, backend), directory.resolve(EmbeddedModel.AESTHETIC_HEAD));
            LatentConsistencyModel model = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend);
            List<Sample> drawn = model.generate(PROMPTS, 4, 3, 1);
            double[] scores = score.score(drawn);
            assertThat(Arrays.stream(scores)).allMatch(each -> each > 0 && each < 10);
            double mean = StatUtils.mean(scores);
            Sample blank = blank(drawn.get(0));
            for (Flaw flaw : Flaw.values()) {
                List<Sample> worse = new ArrayList<>();
                for (int i = 0; i < drawn.size(); i++) {
                    worse.add(flaw.spoil(
                            drawn.get(i), blank, RandomStreams.seeded(1).at(i).generator()));
                }
                assertThat(StatUtils.mean(score.score(worse))).as("%s", flaw).isLessThan(mean);
            }
            double inOneStep = StatUtils.mean(score.score(model.generate(PROMPTS, 1, 3, 1)));
            assertThat(inOneStep).as("in one step").isLessThan(mean);
        }
    }

    private static Sample blank(Sample size) {
        float[] pixels = new float[size.pixels().length];
        Arrays.fill(pixels, 0.8f);
        return Sample.of("", size.height(), size.width(), pixels);
    }
}
