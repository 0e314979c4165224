package dev.rlcm.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.GroupRewards;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreferenceMakerTest {
    private static final int SCENES = 4;

    @Test
    void whatIsRedrawnFromMoreNoiseIsFartherFromThePicture(@TempDir Path artwork) throws IOException {
        DiscArtwork.write(artwork);
        List<Preference> pairs = new ArrayList<>();
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            LatentConsistencyModel model = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend);
            PreferenceMaker maker =
                    new PreferenceMaker(PictureMaker.load(artwork, false, 1), model, RandomStreams.seeded(1));
            for (int i = 0; i < SCENES; i++) {
                pairs.addAll(maker.compare(i));
            }
        }
        double[] distances = new double[3];
        List<Preference> redrawn = of("redrawn by the model", pairs);
        for (int i = 0; i < SCENES; i++) {
            Preference first = redrawn.get(2 * i);
            Preference second = redrawn.get(2 * i + 1);
            distances[0] += GroupRewards.pixelDistance(first.better(), second.better());
            distances[1] += GroupRewards.pixelDistance(first.better(), worse(first));
            distances[2] += GroupRewards.pixelDistance(first.better(), worse(second));
        }
        assertThat(distances[0]).isPositive().isLessThan(distances[1]);
        assertThat(distances[1]).isLessThan(distances[2]);
    }

    @Test
    void whatIsAddedIsWorseThanARealPictureOfItsPrompt() {
        Sample real = grey("a cat", 0.5f);
        Sample drawn = grey("a cat", 0.4f);
        Sample overrated = grey("a cat", 0.3f);
        StatedPreferences stated =
                new StatedPreferences(List.of(Preference.of("drawn by the model", real, drawn, true)));
        assertThat(stated.prompts()).containsExactly("a cat");
        assertThat(stated.and("overrated", List.of(overrated)).of("overrated", true))
                .singleElement()
                .satisfies(pair -> {
                    assertThat(pair.better()).isSameAs(real);
                    assertThat(worse(pair)).isSameAs(overrated);
                });
        assertThat(stated.fitted()).as("held out").isEmpty();
    }

    private static Sample worse(Preference pair) {
        return pair.worse().picture(RandomStreams.seeded(1).generator());
    }

    private static Sample grey(String prompt, float level) {
        return Sample.of(prompt, 1, 1, new float[] {level, level, level});
    }

    private static List<Preference> of(String kind, List<Preference> pairs) {
        return pairs.stream().filter(pair -> pair.kind().equals(kind)).collect(Collectors.toList());
    }
}
