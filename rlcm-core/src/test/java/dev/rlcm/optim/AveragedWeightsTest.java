package dev.rlcm.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class AveragedWeightsTest {
    /** After n updates towards a constant p, p + decay^n (start - p) is left. */
    @Property
    void theDistanceFallsByTheDecay(
            @ForAll @DoubleRange(min = 0, max = 0.99) double decay, @ForAll @IntRange(min = 1, max = 20) int updates) {
        TensorData parameter = TensorData.floats(Shape.of(2), 1, -3);
        AveragedWeights average = new AveragedWeights(Map.of("w", parameter), decay);
        parameter.setDouble(0, 5);
        for (int i = 0; i < updates; i++) {
            average.update();
        }
        double[] values = average.tensors().get("w").toDoubles();
        assertThat(values[0]).isCloseTo(5 + Math.pow(decay, updates) * (1 - 5), within(1e-5));
        assertThat(values[1]).isEqualTo(-3);
    }

    @Test
    void everyElementMovesWhereverItIs() {
        TensorData parameter = TensorData.floats(Shape.of(3000), new float[3000]);
        AveragedWeights average = new AveragedWeights(Map.of("w", parameter), 0.5);
        for (int i = 0; i < 3000; i++) {
            parameter.setDouble(i, i);
        }
        average.update();
        for (int i = 0; i < 3000; i++) {
            assertThat(average.tensors().get("w").getDouble(i)).isEqualTo(i / 2.0);
        }
    }

    @Test
    void aRestoredAverageContinuesFromTheSavedOne() {
        TensorData parameter = TensorData.floats(Shape.of(1), 4);
        AveragedWeights average = new AveragedWeights(Map.of("w", parameter), 0.5);
        average.restore(Map.of("w", TensorData.floats(Shape.of(1), 0)));
        average.update();
        assertThat(average.tensors().get("w").getDouble(0)).isEqualTo(2);
    }

    @Test
    void whatDoesNotFitIsNamed() {
        AveragedWeights average = new AveragedWeights(Map.of("w", TensorData.floats(Shape.of(1), 4)), 0.5);
        assertThatThrownBy(() -> average.restore(Map.of("w", TensorData.floats(Shape.of(2), 0, 0))))
                .hasMessage("the average of w must be FLOAT32[1], got FLOAT32[2]");
        assertThatThrownBy(() -> average.restore(Map.of())).hasMessageContaining("got none");
        assertThatThrownBy(() -> new AveragedWeights(Map.of(), 1)).hasMessage("decay must be in [0, 1), got 1.0");
    }
}
