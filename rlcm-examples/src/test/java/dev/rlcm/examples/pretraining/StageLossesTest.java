package dev.rlcm.examples.pretraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.mdp.PredictionType;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StageLossesTest {
    /** Differences 1, -2 above 0, 4; steps to the right 3 and 4, downwards 1 and 6. */
    @Test
    void reconstructionWeighsAbsoluteEdgesSquaresAndDivergence() {
        Value picture = constant(Shape.of(1, 1, 2, 2), 0, 0, 0, 0);
        Value copy = constant(Shape.of(1, 1, 2, 2), 1, -2, 0, 4);
        Vae.Distribution latents = new Vae.Distribution(
                constant(Shape.of(1, 1, 1, 2), 0, 3), constant(Shape.of(1, 1, 1, 2), 0, Math.log(2)));
        double divergence = (9 + 2 - 1 - Math.log(2)) / 2 / 2;

        assertThat(value(new ReconstructionLoss(0, 0, 0).of(copy, picture, latents)))
                .isCloseTo(7.0 / 4, within(1e-6));
        assertThat(value(new ReconstructionLoss(1, 0, 0).of(copy, picture, latents)))
                .isCloseTo(7.0 / 4 + 7.0 / 2 + 7.0 / 2, within(1e-6));
        assertThat(value(new ReconstructionLoss(0, 2, 0).of(copy, picture, latents)))
                .isCloseTo(7.0 / 4 + 2 * 21.0 / 4, within(1e-6));
        assertThat(value(new ReconstructionLoss(0, 0, 3).of(copy, picture, latents)))
                .isCloseTo(7.0 / 4 + 3 * divergence, within(1e-6));
    }

    private static Value constant(Shape shape, double... values) {
        return Value.constant(TensorData.generate(DataType.FLOAT32, shape, i -> values[i]));
    }

    private static double value(Value loss) {
        return new ReferenceBackend()
                .compile(Graph.of("loss", loss))
                .run(Map.of())
                .get("loss")
                .getDouble(0);
    }

    /** At abar = 0.9 the ratio is 9, at 0.5 it is 1. */
    @Test
    void predictedNoiseCountsLessWhereThereIsLittleOfIt() {
        DenoisingLoss loss = DenoisingLoss.of(PredictionType.EPSILON);
        assertThat(loss.weight(0.9)).isCloseTo(5.0 / 9, within(1e-12));
        assertThat(loss.weight(0.5)).isEqualTo(1);
        assertThat(loss.target(2, 3, 0.36)).isEqualTo(3);
    }

    /** 0.6 x 3 - 0.8 x 2. */
    @Test
    void predictedVelocityIsThatOfSalimansAndHo() {
        DenoisingLoss loss = DenoisingLoss.of(PredictionType.V_PREDICTION);
        assertThat(loss.target(2, 3, 0.36)).isCloseTo(0.2, within(1e-12));
        assertThat(loss.weight(0.9)).isCloseTo(5.0 / 10, within(1e-12));
        assertThat(loss.weight(0.5)).isCloseTo(1.0 / 2, within(1e-12));
    }

    @Test
    void otherPredictionsAreRefused() {
        assertThatThrownBy(() -> DenoisingLoss.of(PredictionType.SAMPLE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("EPSILON or V_PREDICTION", "SAMPLE");
    }
}
