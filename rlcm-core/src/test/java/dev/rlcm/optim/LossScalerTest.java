package dev.rlcm.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LossScalerTest {
    private static final LossScaling THREE = new LossScaling(1024, 3);

    private static void succeed(LossScaler scaler, int times) {
        for (int i = 0; i < times; i++) {
            scaler.succeeded();
        }
    }

    @Test
    void anOverflowHalvesAndARunOfGoodStepsDoubles() {
        LossScaler scaler = new LossScaler(THREE);
        scaler.overflowed();
        assertThat(scaler.scale()).isEqualTo(512);
        succeed(scaler, 2);
        assertThat(scaler.scale()).isEqualTo(512);
        succeed(scaler, 1);
        assertThat(scaler.scale()).isEqualTo(1024);
    }

    @Test
    void anOverflowStartsTheRunAnew() {
        LossScaler scaler = new LossScaler(THREE);
        succeed(scaler, 2);
        scaler.overflowed();
        succeed(scaler, 2);
        assertThat(scaler.scale()).isEqualTo(512);
    }

    @Test
    void theScaleStaysInItsRange() {
        LossScaler low = new LossScaler(new LossScaling(2, 7).withGrowthInterval(1));
        for (int i = 0; i < 5; i++) {
            low.overflowed();
        }
        assertThat(low.scale()).isEqualTo(1);
        succeed(low, 50);
        assertThat(low.scale()).isEqualTo(0x1p24);
    }

    @Test
    void aRestoredScalerContinues() {
        LossScaler scaler = new LossScaler(THREE);
        scaler.overflowed();
        succeed(scaler, 2);
        Map<String, TensorData> state = new HashMap<>(scaler.state());
        LossScaler resumed = new LossScaler(THREE);
        resumed.restore(state);
        assertThat(resumed.scale()).isEqualTo(512);
        succeed(resumed, 1);
        assertThat(resumed.scale()).isEqualTo(1024);
        assertThatThrownBy(() -> resumed.restore(new HashMap<>()))
                .hasMessage("not an optimiser state: loss_scale must be FLOAT64[], got none");
    }

    @Test
    void aStateThatIsDamagedIsRefusedAndChangesNothing() {
        LossScaler scaler = new LossScaler(THREE);
        succeed(scaler, 2);
        Map<String, TensorData> saved = Map.of(
                "loss_scale", TensorData.doubles(Shape.SCALAR, 2),
                "loss_scale.good_steps", TensorData.longs(Shape.SCALAR, 1));
        for (Map.Entry<String, TensorData> damage : List.of(
                Map.entry("loss_scale", TensorData.doubles(Shape.SCALAR, 3)),
                Map.entry("loss_scale", TensorData.floats(Shape.SCALAR, 2)),
                Map.entry("loss_scale.good_steps", TensorData.longs(Shape.SCALAR, -1)),
                Map.entry("loss_scale.good_steps", TensorData.longs(Shape.of(1), 1)))) {
            Map<String, TensorData> damaged = new HashMap<>(saved);
            damaged.put(damage.getKey(), damage.getValue());
            assertThatThrownBy(() -> scaler.restore(damaged)).isInstanceOf(IllegalArgumentException.class);
            assertThat(scaler.state().get("loss_scale").getDouble(0)).isEqualTo(1024);
            assertThat(scaler.state().get("loss_scale.good_steps").getLong(0)).isEqualTo(2);
        }
        scaler.restore(saved);
        assertThat(scaler.scale()).isEqualTo(2);
    }

    @Test
    void itsTensorsAreKnownByName() {
        assertThat(new LossScaler(THREE).state().keySet()).allMatch(LossScaler::owns);
        assertThat(LossScaler.owns("step")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 3, -2, 0x1p25, Double.NaN, Double.POSITIVE_INFINITY})
    void onlyPowersOfTwoInRangeAreScales(double initial) {
        assertThatThrownBy(() -> LossScaling.defaults().withInitial(initial))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("got " + initial);
        assertThatThrownBy(() -> LossScaling.defaults().withGrowthInterval(0)).hasMessageContaining("got 0");
    }
}
