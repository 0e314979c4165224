package dev.rlcm.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.TensorData;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps on a loss that can be computed by hand: a row r has the loss r x, so its gradient is r. */
class GradientDescentTest {
    private final FloatBuffer parameter = FloatBuffer.wrap(new float[] {2});

    private GradientDescent descent(double maxGradNorm) {
        AdamWConfig adam = AdamWConfig.defaults().withLearningRate(0.5);
        return new GradientDescent(
                List.of(parameter), adam.optimizer(List.of(parameter)), maxGradNorm, new LossScaling(4, 2));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void theGradientIsTheMeanOverTheRowsHoweverTheyAreCut(int chunk) {
        List<List<Double>> chunks = new ArrayList<>();
        GradientDescent.Outcome outcome = descent(5).step(new Slope(chunk), List.of(1.0, 2.0, 6.0), 1, chunks::add);
        assertThat(outcome.applied()).isTrue();
        assertThat(outcome.loss()).isCloseTo(6, within(1e-12));
        assertThat(outcome.parts()).containsOnlyKeys("slope");
        assertThat(outcome.parts().get("slope")).isCloseTo(3, within(1e-12));
        assertThat(outcome.gradNorm()).isCloseTo(3, within(1e-6));
        assertThat(outcome.gradients().get(0).get(0)).isCloseTo(3, within(1e-6f));
        assertThat(chunks.stream().flatMap(List::stream)).containsExactly(1.0, 2.0, 6.0);
        assertThat(parameter.get(0)).isCloseTo(1.5f, within(1e-6f)); // Adam's first step is the rate
    }

    @Test
    void theGradientIsClippedAndItsNormReportedAsItWas() {
        GradientDescent.Outcome outcome = descent(0.25).step(new Slope(2), List.of(-4.0), 1, chunk -> {});
        assertThat(outcome.gradNorm()).isCloseTo(4, within(1e-6));
        assertThat(outcome.gradients().get(0).get(0)).isCloseTo(-0.25f, within(1e-6f));
    }

    @Test
    void theRateIsMultiplied() {
        descent(5).step(new Slope(2), List.of(1.0), 0.1, chunk -> {});
        assertThat(parameter.get(0)).isCloseTo(1.95f, within(1e-6f));
    }

    @Test
    void everyStepStartsFromNoGradient() {
        GradientDescent descent = descent(5);
        descent.step(new Slope(2), List.of(1.0), 1, chunk -> {});
        assertThat(descent.step(new Slope(2), List.of(0.5), 1, chunk -> {}).gradNorm())
                .isCloseTo(0.5, within(1e-6));
    }

    @Test
    void whatIsNotFiniteIsNotApplied() {
        GradientDescent descent = descent(5);
        GradientDescent.Outcome outcome =
                descent.step(new Slope(1), List.of(1.0, Double.POSITIVE_INFINITY), 1, chunk -> {});
        assertThat(outcome.applied()).isFalse();
        assertThat(outcome.loss()).isInfinite();
        assertThat(parameter.get(0)).isEqualTo(2);
        assertThat(descent.state().get("step").getLong(0)).isZero();
    }

    @Test
    void aScaledLossAdaptsItsScaleAndGivesTheSameGradient() {
        Slope scaled = new Slope(1, true);
        GradientDescent descent = descent(100);
        assertThat(descent.scale(new Slope(1))).isEqualTo(1);
        assertThat(descent.scale(scaled)).isEqualTo(4);
        for (int step = 0; step < 2; step++) {
            assertThat(descent.step(scaled, List.of(3.0), 1, chunk -> {}).gradNorm())
                    .isCloseTo(3, within(1e-6));
        }
        assertThat(descent.scale(scaled)).isEqualTo(8); // two good steps
        // The gradient is beyond float32 only when scaled.
        assertThat(descent.step(scaled, List.of(1e38), 1, chunk -> {}).applied())
                .isFalse();
        assertThat(descent.scale(scaled)).isEqualTo(4);
        descent.step(scaled, List.of(Double.NaN), 1, chunk -> {});
        assertThat(descent.scale(scaled)).isEqualTo(4); // no scale mends a loss that is not finite
    }

    @Test
    void aStateWhoseMomentsDoNotFitRestoresNoScaleEither() {
        GradientDescent descent = descent(5);
        Slope scaled = new Slope(1, true);
        Map<String, TensorData> state = new HashMap<>(descent.state());
        state.remove("step");
        descent.step(scaled, List.of(1.0), 1, chunk -> {});
        descent.step(scaled, List.of(1.0), 1, chunk -> {});
        assertThatThrownBy(() -> descent.restore(state)).isInstanceOf(IllegalArgumentException.class);
        assertThat(descent.scale(scaled)).isEqualTo(8);
    }

    private final class Slope implements BatchLoss<Double> {
        private final int rows;
        private final boolean isScaled;
        private double slope;
        private double scale;

        Slope(int rows) {
            this(rows, false);
        }

        Slope(int rows, boolean isScaled) {
            this.rows = rows;
            this.isScaled = isScaled;
        }

        @Override
        public int rows() {
            return rows;
        }

        @Override
        public boolean isScaled() {
            return isScaled;
        }

        @Override
        public void run(List<Double> batch, double weight, double lossScale) {
            assertThat(batch).isNotEmpty().hasSizeLessThanOrEqualTo(rows);
            slope = batch.stream().mapToDouble(row -> weight * row).sum();
            scale = lossScale;
        }

        @Override
        public double value() {
            return slope * parameter.get(0);
        }

        @Override
        public Map<String, Double> parts() {
            return Map.of("slope", slope);
        }

        @Override
        public List<FloatBuffer> gradients() {
            return List.of(FloatBuffer.wrap(new float[] {(float) (scale * slope)}));
        }

        @Override
        public long networkNanos() {
            return 0;
        }

        @Override
        public void close() {}
    }
}
