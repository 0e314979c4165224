package dev.rlcm.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class MovingAverageTest {
    /** What is in the place of the parameters while the average is applied. */
    private static float applied(MovingAverage average, FloatBuffer parameter) {
        MovingAverage.Applied unused = average.apply();
        try (unused) {
            return parameter.get(0);
        }
    }

    @Test
    void earlyStepsWeighMoreThanTheDecaySays() {
        FloatBuffer parameter = FloatBuffer.wrap(new float[] {0});
        MovingAverage average = new MovingAverage(List.of(parameter), 0.2);
        parameter.put(0, 1);
        average.update(); // d = min(0.2, 2/11)
        assertThat(applied(average, parameter)).isCloseTo(9f / 11, within(1e-6f));
        average.update(); // d = min(0.2, 3/12) = 0.2
        assertThat(applied(average, parameter)).isCloseTo(1 - 0.2f * 2 / 11, within(1e-6f));
    }

    @Property(tries = 50)
    void anAverageLiesBetweenWhatItHasSeen(
            @ForAll @Size(min = 1, max = 20) List<@DoubleRange(min = -9, max = 9) Double> values,
            @ForAll @DoubleRange(min = 0, max = 0.99) double decay) {
        FloatBuffer parameter = FloatBuffer.wrap(new float[] {values.get(0).floatValue()});
        MovingAverage average = new MovingAverage(List.of(parameter), decay);
        float least = parameter.get(0);
        float most = least;
        for (double value : values) {
            parameter.put(0, (float) value);
            least = Math.min(least, (float) value);
            most = Math.max(most, (float) value);
            average.update();
        }
        assertThat(applied(average, parameter)).isBetween(least - 1e-6f, most + 1e-6f);
        assertThat(parameter.get(0)).isEqualTo(values.get(values.size() - 1).floatValue());
    }

    @Property(tries = 20)
    void aRestoredAverageContinuesBitForBit(@ForAll @IntRange(min = 0, max = 5) int before) {
        float[] values = {0.1f, -0.7f};
        FloatBuffer parameter = FloatBuffer.wrap(values);
        MovingAverage whole = new MovingAverage(List.of(parameter), 0.9);
        for (int i = 0; i < before; i++) {
            values[0] *= 1.3f;
            whole.update();
        }
        MovingAverage resumed = new MovingAverage(List.of(parameter), 0.9);
        resumed.restore(whole.state());
        values[1] += 0.3f;
        whole.update();
        resumed.update();
        assertThat(applied(resumed, parameter)).isEqualTo(applied(whole, parameter));
        assertThat(resumed.state().get("average.0").bytes())
                .isEqualTo(whole.state().get("average.0").bytes());
    }

    @Test
    void aStateOfOtherParametersIsRefused() {
        MovingAverage one = new MovingAverage(List.of(FloatBuffer.allocate(2)), 0.9);
        MovingAverage other = new MovingAverage(List.of(FloatBuffer.allocate(3)), 0.9);
        assertThatThrownBy(() -> one.restore(other.state()))
                .hasMessageContaining("average.0 must be FLOAT64[2]")
                .hasMessageContaining("[3]");
        assertThatThrownBy(() -> new MovingAverage(List.of(), 1)).hasMessage("decay must be in [0, 1), got 1.0");
    }
}
