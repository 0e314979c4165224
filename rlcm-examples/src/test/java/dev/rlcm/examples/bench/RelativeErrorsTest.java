package dev.rlcm.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RelativeErrorsTest {
    private static final TensorData THREE_FOUR = TensorData.floats(Shape.of(2), 3, 4);

    @Test
    void theErrorIsTheDistanceByTheNormOfWhatIsExpected() {
        RelativeErrors errors = RelativeErrors.of(
                Map.of(
                        "output",
                        THREE_FOUR,
                        "gradient.a",
                        THREE_FOUR,
                        "gradient.b",
                        TensorData.floats(Shape.of(1), 12)),
                Map.of(
                        "output",
                        TensorData.floats(Shape.of(2), 3, 5),
                        "gradient.a",
                        THREE_FOUR,
                        "gradient.b",
                        TensorData.floats(Shape.of(1), 13)));
        assertThat(errors.each().get("output")).isEqualTo(1.0 / 5);
        assertThat(errors.ofGradients()).containsOnly(Map.entry("a", 0.0), Map.entry("b", 1.0 / 12));
        assertThat(errors.gradients()).isEqualTo(1.0 / 13, within(1e-15)); // |(0, 0, 1)| / |(3, 4, 12)|
    }

    @Test
    void whatIsNotANumberIsNeverWithinABound() {
        RelativeErrors errors = RelativeErrors.of(
                Map.of("output", THREE_FOUR), Map.of("output", TensorData.floats(Shape.of(2), 3, Float.NaN)));
        assertThat(errors.each().get("output")).isNaN();
    }

    @Test
    void missingTensorsAreNamed() {
        assertThatThrownBy(() -> RelativeErrors.of(Map.of("output", THREE_FOUR), Map.of()))
                .hasMessageContaining("[output]");
    }
}
