package dev.rlcm.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.TensorData;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GradientClippingTest {
    @ParameterizedTest
    @ValueSource(strings = {"above", "below", "small_max", "exact"})
    void clipsAsPyTorchDoes(String name) throws IOException {
        Map<String, TensorData> golden = AdamWTest.golden("grad_clip.npz");
        List<FloatBuffer> gradients = IntStream.range(0, 3)
                .mapToObj(i -> golden.get(name + "_grad" + i).floats())
                .toList();
        double norm = GradientClipping.globalNorm(
                gradients, golden.get(name + "_max_norm").getDouble(0));
        double expected = golden.get(name + "_total_norm").getDouble(0);
        assertThat(norm).isCloseTo(expected, within(1e-6 * Math.max(1, expected)));
        for (int i = 0; i < 3; i++) {
            TensorData clipped = golden.get(name + "_clipped" + i);
            for (int j = 0; j < clipped.size(); j++) {
                assertThat((double) gradients.get(i).get(j)).isCloseTo(clipped.getDouble(j), within(1e-6));
            }
        }
    }

    @Property
    void theNormAfterwardsIsAtMostTheBoundAndTheDirectionStays(
            @ForAll @Size(5) List<@FloatRange(min = -100, max = 100) Float> values,
            @ForAll @DoubleRange(min = 0.01, max = 50) double bound) {
        float[] gradient = new float[5];
        for (int i = 0; i < 5; i++) {
            gradient[i] = values.get(i);
        }
        double before = GradientClipping.globalNorm(List.of(FloatBuffer.wrap(gradient)), bound);
        double after = GradientClipping.globalNorm(List.of(FloatBuffer.wrap(gradient.clone())), bound);
        assertThat(after).isLessThanOrEqualTo(Math.min(before, bound) * (1 + 1e-6));
        for (int i = 0; i < 5; i++) {
            assertThat(gradient[i] * before).isCloseTo(values.get(i) * after, within(1e-2));
        }
    }

    /** Elements are added up in blocks and in four sums, which must not show. */
    @Property
    void everyElementCountsOnce(@ForAll @IntRange(min = 1, max = 3000) int size) {
        float[] first = new float[size];
        float[] second = new float[3];
        Arrays.fill(first, 2);
        Arrays.fill(second, 1);
        List<FloatBuffer> gradients = List.of(FloatBuffer.wrap(first), FloatBuffer.wrap(second));
        double norm = GradientClipping.globalNorm(gradients, 1);
        assertThat(norm).isEqualTo(Math.sqrt(4.0 * size + 3));
        assertThat(first).containsOnly(first[0]);
        assertThat((double) first[0]).isCloseTo(2 / norm, within(1e-6));
        assertThat(second).containsOnly(first[0] / 2);
    }

    @Test
    void anInfiniteNormIsReportedAndNothingScaled() {
        float[] gradient = {1, Float.POSITIVE_INFINITY};
        assertThat(GradientClipping.globalNorm(List.of(FloatBuffer.wrap(gradient)), 1))
                .isInfinite();
        assertThat(gradient).containsExactly(1, Float.POSITIVE_INFINITY);
    }

    @Test
    void theBoundMustBePositive() {
        assertThatThrownBy(() -> GradientClipping.globalNorm(List.of(), 0))
                .hasMessage("maxNorm must be positive, got 0.0");
    }
}
