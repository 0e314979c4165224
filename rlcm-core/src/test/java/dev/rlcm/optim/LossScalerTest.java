package dev.rlcm.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.TensorData;
import java.util.HashMap;
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
        LossScaler low = new LossScaler(new LossScaling(2, 1));
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
        assertThatThrownBy(() -> resumed.restore(new HashMap<>())).hasMessageContaining("loss_scale");
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
