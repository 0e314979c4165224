package dev.rlcm.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import org.junit.jupiter.api.Test;

class DerivedWeightsTest {
    private final DerivedWeights weights = new DerivedWeights();
    private final TensorData weight = zeros();

    private static TensorData zeros() {
        return TensorData.zeros(DataType.FLOAT32, Shape.of(2));
    }

    @Test
    void aFormIsComputedOnceAsLongAsSomebodyHoldsIt() {
        TensorData form = weights.of(weight, "rotated", DerivedWeightsTest::zeros);
        assertThat(weights.of(weight, "rotated", DerivedWeightsTest::zeros)).isSameAs(form);
        assertThat(weights.of(weight, "transposed", DerivedWeightsTest::zeros)).isNotSameAs(form);
        assertThat(weights.of(zeros(), "rotated", DerivedWeightsTest::zeros)).isNotSameAs(form);
        assertThat(new DerivedWeights().of(weight, "rotated", DerivedWeightsTest::zeros))
                .isNotSameAs(form);
    }

    @Test
    void aWeightThatDoesNotFitIsAnErrorThatNamesTheRemedy() {
        assertThatThrownBy(() -> weights.of(weight, "rotated", () -> {
                    throw new OutOfMemoryError("Cannot reserve 8 bytes of direct buffer memory");
                }))
                .isInstanceOf(BackendException.class)
                .hasMessageContainingAll("rotated", "Cannot reserve 8 bytes", "-XX:MaxDirectMemorySize");
        assertThat(weights.of(weight, "rotated", DerivedWeightsTest::zeros)).isNotNull();
    }
}
