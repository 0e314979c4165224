package dev.rlcm.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ParameterGroupsTest {
    private static final AdamWConfig CONFIG =
            AdamWConfig.defaults().withLearningRate(0.5).withWeightDecay(0.1);

    private static Map<String, TensorData> parameters() {
        Map<String, TensorData> parameters = new LinkedHashMap<>();
        parameters.put("bias", TensorData.floats(Shape.of(2), 2, 2));
        parameters.put("weight", TensorData.floats(Shape.of(2, 2), 2, 2, 2, 2));
        parameters.put("scale", TensorData.floats(Shape.of(2, 1, 1), 2, 2));
        return parameters;
    }

    private static List<FloatBuffer> gradients(float value) {
        return parameters().values().stream()
                .map(parameter -> TensorData.generate(DataType.FLOAT32, parameter.shape(), i -> value + i))
                .map(TensorData::floats)
                .toList();
    }

    /** Without a gradient only decay changes a weight, by rate x decay of it. */
    @Test
    void matricesDecayAndVectorsDoNot() {
        Map<String, TensorData> parameters = parameters();
        List<FloatBuffer> none = List.of(FloatBuffer.allocate(2), FloatBuffer.allocate(4), FloatBuffer.allocate(2));
        ParameterGroups.decayingMatrices(CONFIG).optimizer(parameters).step(none);
        assertThat(parameters.get("bias").toFloats()).containsOnly(2);
        assertThat(parameters.get("scale").toFloats()).containsOnly(2);
        for (double value : parameters.get("weight").toDoubles()) {
            assertThat(value).isCloseTo(1.9, within(1e-6));
        }
    }

    @Test
    void aGroupIsOptimisedAsItWouldBeAlone() {
        Map<String, TensorData> together = parameters();
        Map<String, TensorData> alone = parameters();
        Optimizer grouped = ParameterGroups.decayingMatrices(CONFIG).optimizer(together);
        Optimizer matrix = CONFIG.optimizer(List.of(alone.get("weight").floats()));
        for (int step = 0; step < 3; step++) {
            grouped.step(gradients(step), 0.5);
            matrix.step(List.of(gradients(step).get(1)), 0.5);
        }
        assertThat(together.get("weight").toFloats())
                .containsExactly(alone.get("weight").toFloats());
    }

    @Test
    void equalSettingsAreOneOptimiser() {
        assertThat(ParameterGroups.all(CONFIG).optimizer(parameters())).isInstanceOf(AdamW.class);
    }

    @Test
    void aRestoredStateContinuesBitForBit() {
        Map<String, TensorData> straight = parameters();
        Optimizer first = ParameterGroups.decayingMatrices(CONFIG).optimizer(straight);
        first.step(gradients(1));
        Map<String, TensorData> state = first.state();
        Map<String, TensorData> resumed = new LinkedHashMap<>();
        straight.forEach((name, tensor) -> resumed.put(name, TensorData.floats(tensor.shape(), tensor.toFloats())));
        Optimizer second = ParameterGroups.decayingMatrices(CONFIG).optimizer(resumed);
        second.restore(state);
        first.step(gradients(2));
        second.step(gradients(2));
        straight.forEach(
                (name, tensor) -> assertThat(resumed.get(name).toFloats()).containsExactly(tensor.toFloats()));
    }

    @Test
    void whatIsWrongInOneGroupChangesNoOther() {
        Map<String, TensorData> parameters = parameters();
        Optimizer optimizer = ParameterGroups.decayingMatrices(CONFIG).optimizer(parameters);
        List<FloatBuffer> gradients = gradients(1);
        gradients.get(1).put(3, Float.NaN);
        assertThatThrownBy(() -> optimizer.step(gradients)).hasMessageContaining("gradient 1 must be finite, got NaN");
        assertThatThrownBy(() -> optimizer.step(List.of())).hasMessageContaining("expected 3 gradients");
        Map<String, TensorData> damaged = new LinkedHashMap<>(optimizer.state());
        damaged.remove("group.1.step");
        assertThatThrownBy(() -> optimizer.restore(damaged)).isInstanceOf(IllegalArgumentException.class);
        assertThat(parameters.get("bias").toFloats()).containsOnly(2);
    }
}
