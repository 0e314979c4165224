package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Shape;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ChannelScaleTest {
    private static final Shape LATENT = Shape.of(1, 4, 2);

    private static ChannelScale scale(String vae, int packing) throws IOException {
        byte[] json = vae.getBytes(StandardCharsets.UTF_8);
        JsonFile config = JsonFile.read(new ByteArrayInputStream(json), Path.of("config.json"));
        return ChannelScale.of(config, new LatentScale(8, 2, 1), packing, LATENT);
    }

    @Test
    void withoutNumbersByChannelAllAreScaledAlike() throws IOException {
        ChannelScale scale = scale("{}", 2);
        for (int i = 0; i < LATENT.size(); i++) {
            assertThat(scale.ofVae(6, i)).isEqualTo(4); // 6 / 2 + 1
        }
    }

    /** A patch's channels are those of its rows, and in these of its columns; the next row of latents begins the next. */
    @Test
    void numbersOfPatchesGoByRowAndColumn() throws IOException {
        ChannelScale scale = scale("{\"latents_std\": [1, 2, 3, 4], \"latents_mean\": [0, 10, 20, 30]}", 2);
        double[] expected = {2, 13, 24, 35}; // 2 std / 2 + 1 + mean
        for (int i = 0; i < LATENT.size(); i++) {
            assertThat(scale.ofVae(2, i)).isCloseTo(expected[i % 4], within(1e-12));
        }
    }

    @Test
    void encodingUndoesDecoding() throws IOException {
        ChannelScale scale = scale("{\"latents_std\": [0.5], \"latents_mean\": [-3]}", 2);
        for (int i = 0; i < 20; i++) {
            assertThat(scale.ofNetwork(scale.ofVae(0.7, i), i)).isCloseTo(0.7, within(1e-12));
        }
    }

    @Test
    void anotherNumberOfNumbersIsRefused() {
        assertThatThrownBy(() -> scale("{\"latents_std\": [1, 2], \"latents_mean\": [0, 1]}", 2))
                .hasMessageContaining("1 finite numbers")
                .hasMessageContaining("latents_std");
        assertThatThrownBy(() -> scale("{\"latents_std\": [1]}", 2)).hasMessageContaining("latents_mean");
    }
}
