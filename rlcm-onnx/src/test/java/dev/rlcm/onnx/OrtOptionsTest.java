package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class OrtOptionsTest {
    private static final OrtOptions DEFAULTS = OrtOptions.defaults();

    @Test
    void impossibleSettingsAreRefusedWithTheirValues() {
        assertThatThrownBy(() -> DEFAULTS.withThreads(0)).hasMessage("threads must be at least 1, got 0");
        assertThatThrownBy(() -> DEFAULTS.withSpinning(Duration.ofMillis(-1)))
                .hasMessage("spinning must be from 0 to PT1S, got PT-0.001S");
        assertThatThrownBy(() -> DEFAULTS.withSpinning(Duration.ofSeconds(2))).hasMessageContaining("got PT2S");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 20, 1_000_000})
    void anySpinningGivesTheSameNumbers(long micros) {
        OrtOptions options = DEFAULTS.withThreads(2).withSpinning(Duration.ofNanos(1000 * micros));
        TensorData ones = TensorData.generate(DataType.FLOAT32, Shape.of(64, 64), i -> 1);
        Value x = Value.input("x", DataType.FLOAT32, ones.shape());
        try (Backend backend = OrtBackend.cpu(options)) {
            double[] product = backend.compile(Graph.of("y", x.matmul(x)))
                    .run(Map.of("x", ones))
                    .get("y")
                    .toDoubles();
            assertThat(product).containsOnly(64);
        }
    }
}
