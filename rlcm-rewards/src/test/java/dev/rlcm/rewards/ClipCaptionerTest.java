package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With the small CLIP of fixtures/clip-golden, whose embeddings ClipRewardsTest compares with PyTorch's. */
class ClipCaptionerTest {
    private static final List<String> CAPTIONS =
            ClipCaptioner.composed(List.of("a cat", "a dog", "a car"), List.of("", "at night", "in the snow"));

    @TempDir
    static Path directory;

    private static Backend backend;
    private static ClipImageEncoder images;
    private static ClipTextEncoder texts;

    @BeforeAll
    static void open() throws IOException {
        backend = OrtBackend.cpu(1);
        ClipRewardsTest.copyModel(directory);
        images = ClipImageEncoder.load(directory, backend);
        texts = ClipTextEncoder.load(directory, backend);
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @Test
    void captionsAreComposedOfOneTextOfEachList() {
        assertThat(CAPTIONS)
                .containsExactly(
                        "a cat",
                        "a cat at night",
                        "a cat in the snow",
                        "a dog",
                        "a dog at night",
                        "a dog in the snow",
                        "a car",
                        "a car at night",
                        "a car in the snow");
        assertThat(ClipCaptioner.composed(List.of("", "a red"), List.of("fox"), List.of("drawing")))
                .containsExactly("fox drawing", "a red fox drawing");
    }

    @Test
    void thePictureGetsTheCaptionThatClipScoreLikesBest() {
        ClipScore score = new ClipScore(images, texts, 1);
        List<Sample> pictures = Stream.iterate(1, i -> i + 1)
                .limit(12)
                .map(ClipCaptionerTest::picture)
                .toList();
        List<String> captions = ClipCaptioner.of(images, texts, CAPTIONS).caption(pictures);
        for (int i = 0; i < pictures.size(); i++) {
            Sample picture = pictures.get(i);
            assertThat(captions.get(i))
                    .isEqualTo(Collections.max(CAPTIONS, Comparator.comparingDouble(caption -> score.score(
                                    List.of(Sample.of(caption, 32, 32, picture.pixels())))[0])));
        }
    }

    @Test
    void equalCaptionsCountOnce() {
        ClipCaptioner captioner = ClipCaptioner.of(images, texts, List.of("a cat", "a dog", "a cat"));
        assertThat(captioner.captions()).containsExactly("a cat", "a dog");
    }

    @Test
    void tooFewAndTooManyCaptionsAreRefused() {
        List<String> many = Collections.nCopies(1_000, "a cat");
        assertThatThrownBy(() -> ClipCaptioner.composed(many, many, many, many))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected from 1 to 20000");
        assertThatThrownBy(() -> ClipCaptioner.composed(List.of("a cat"), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("make 0 captions");
        assertThatThrownBy(() -> ClipCaptioner.of(images, texts, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("from 1 to 20000, got 0");
    }

    private static Sample picture(int seed) {
        Random random = new Random(seed);
        float[] tint = {random.nextFloat(), random.nextFloat(), random.nextFloat()};
        float[] pixels = new float[3 * 32 * 32];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (tint[i / 1024] + random.nextFloat()) / 2;
        }
        return Sample.of("", 32, 32, pixels);
    }
}
