package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.LearningRateSchedule;
import dev.rlcm.optim.LossScaling;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class PpoConfigTest {
    private static final PpoConfig DEFAULTS = PpoConfig.defaults();

    @Test
    void everyWitherChangesItsComponentAndNoOther() {
        AdamWConfig optimizer = AdamWConfig.defaults().withWeightDecay(0.1);
        LearningRateSchedule schedule = LearningRateSchedule.cosine(7);
        LossScaling scaling = new LossScaling(2, 3);
        RowOrder order = RowOrder.asSampled();
        Map<PpoConfig, Map<String, Object>> changed = new LinkedHashMap<>();
        changed.put(DEFAULTS.withClipRange(0.3), Map.of("clipRange", new ClipRange(0.3, 0.3)));
        changed.put(DEFAULTS.withClipRange(new ClipRange(0, 0.5)), Map.of("clipRange", new ClipRange(0, 0.5)));
        changed.put(DEFAULTS.withAdvantageClamp(3), Map.of("advantageClamp", 3.0));
        changed.put(DEFAULTS.withTrajectoriesPerStep(1), Map.of("trajectoriesPerStep", 1));
        changed.put(DEFAULTS.withMinibatch(1), Map.of("minibatch", 1));
        changed.put(DEFAULTS.withInnerEpochs(7), Map.of("innerEpochs", 7));
        changed.put(DEFAULTS.withMaxGradNorm(9), Map.of("maxGradNorm", 9.0));
        changed.put(DEFAULTS.withOptimizer(optimizer), Map.of("optimizer", optimizer));
        changed.put(
                DEFAULTS.withLearningRate(2),
                Map.of("optimizer", AdamWConfig.defaults().withLearningRate(2)));
        changed.put(DEFAULTS.withSchedule(schedule), Map.of("schedule", schedule));
        changed.put(DEFAULTS.withTargetKl(0.5), Map.of("targetKl", OptionalDouble.of(0.5)));
        changed.put(DEFAULTS.withLossScaling(scaling), Map.of("lossScaling", scaling));
        changed.put(DEFAULTS.withRecomputedLogProbs(true), Map.of("recomputeLogProbs", true));
        changed.put(DEFAULTS.withOrder(order), Map.of("order", order));
        changed.put(DEFAULTS.withSeed(8), Map.of("seed", 8L));
        changed.forEach((config, expected) -> {
            String component = expected.keySet().iterator().next();
            assertThat(config).hasFieldOrPropertyWithValue(component, expected.get(component));
            assertThat(config)
                    .as(component)
                    .usingRecursiveComparison()
                    .ignoringFields(component)
                    .isEqualTo(DEFAULTS);
        });
    }

    @Test
    void whatIsOutOfRangeIsNamed() {
        assertThatThrownBy(() -> DEFAULTS.withAdvantageClamp(0))
                .hasMessage("advantageClamp must be positive and finite, got 0.0");
        assertThatThrownBy(() -> DEFAULTS.withTrajectoriesPerStep(0))
                .hasMessage("trajectoriesPerStep must be at least 1, got 0");
        assertThatThrownBy(() -> DEFAULTS.withMinibatch(0)).hasMessage("minibatch must be at least 1, got 0");
        assertThatThrownBy(() -> DEFAULTS.withInnerEpochs(0)).hasMessage("innerEpochs must be at least 1, got 0");
        assertThatThrownBy(() -> DEFAULTS.withMaxGradNorm(0)).hasMessage("maxGradNorm must be positive, got 0.0");
        assertThatThrownBy(() -> DEFAULTS.withTargetKl(0)).hasMessage("targetKl must be positive and finite, got 0.0");
        assertThatThrownBy(() -> new ClipRange(-0.1, 0.2)).hasMessage("clipRange must be in [0, 1), got -0.1");
        assertThatThrownBy(() -> new ClipRange(0.2, 1)).hasMessage("clipRange must be in [0, 1), got 1.0");
    }
}
