package dev.rlcm.mdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.TensorData;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuidanceEmbeddingTest {
    @ParameterizedTest
    @ValueSource(doubles = {0, 1, 7.5, 8, 12})
    void isPyTorchsFloat32Embedding(double scale) {
        Map<String, TensorData> golden = Goldens.arrays("scheduler-golden/guidance_embedding.npz");
        for (int dim : new int[] {256, 512, 33}) {
            String key = "guidance" + scale + "_dim" + dim;
            float[] expected = Goldens.row(golden.get(key), 0);
            float[] actual = GuidanceEmbedding.of(scale, dim);
            assertThat(actual).containsExactly(expected, within(1e-7f));
        }
    }

    @Test
    void withoutGuidanceAllSinesAreZero() {
        assertThat(GuidanceEmbedding.of(1, 4)).containsExactly(0, 0, 1, 1);
    }

    @Test
    void badValuesAreNamed() {
        assertThatThrownBy(() -> GuidanceEmbedding.of(8, 3)).hasMessage("dim must be at least 4, got 3");
        assertThatThrownBy(() -> GuidanceEmbedding.of(Double.NaN, 256))
                .hasMessage("guidanceScale must be finite, got NaN");
    }
}
