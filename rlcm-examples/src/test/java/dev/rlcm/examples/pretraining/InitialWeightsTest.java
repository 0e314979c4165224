package dev.rlcm.examples.pretraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.apache.commons.math3.stat.StatUtils;
import org.junit.jupiter.api.Test;

class InitialWeightsTest {
    private static final RandomStreams SEED = RandomStreams.seeded(5);

    @Test
    void matricesAreUniformByWhatIsSummedOver() {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(3, 16));
        double[] plain = drawn(x.matmul(weight(16, 400)), Shape.of(16, 400));
        double[] transposed = drawn(x.matmul(weight(400, 16), false, true), Shape.of(400, 16));
        double[] viewed = drawn(x.matmul(weight(400, 16).transpose(1, 0)), Shape.of(400, 16));
        for (double[] draws : List.of(plain, transposed, viewed)) {
            assertUniform(draws, 1.0 / 4);
        }
    }

    @Test
    void kernelsAreUniformByChannelsTimesWindow() {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(1, 16, 8, 8));
        Attributes attributes = Attributes.of("strides", new int[] {1, 1}, "pads", new int[] {0, 0, 0, 0})
                .with("dilations", new int[] {1, 1})
                .with("group", 1);
        assertUniform(drawn(Value.of(Op.CONV, attributes, x, weight(64, 16, 2, 2)), Shape.of(64, 16, 2, 2)), 1.0 / 8);
    }

    private static void assertUniform(double[] draws, double bound) {
        assertThat(StatUtils.max(draws)).isCloseTo(bound, within(0.01 * bound)).isLessThanOrEqualTo(bound);
        assertThat(StatUtils.min(draws)).isCloseTo(-bound, within(0.01 * bound));
        assertThat(StatUtils.variance(draws)).isCloseTo(bound * bound / 3, within(0.02 * bound * bound));
    }

    @Test
    void embeddingsAreNormal() {
        Value ids = Value.input("ids", DataType.INT64, Shape.of(4));
        double[] tokens = drawn(weight(100, 32).gather(0, ids), Shape.of(100, 32));
        Value patches = Value.input("patches", DataType.FLOAT32, Shape.of(100, 2, 32));
        double[] ofClass = drawn(Value.concat(1, List.of(weight(100, 1, 32), patches)), Shape.of(100, 1, 32));
        for (double[] draws : List.of(tokens, ofClass)) {
            assertThat(StatUtils.mean(draws)).isCloseTo(0, within(0.002));
            assertThat(Math.sqrt(StatUtils.variance(draws))).isCloseTo(0.02, within(0.001));
        }
    }

    @Test
    void aUseThatTellsNothingIsRefused() {
        assertThatThrownBy(() -> drawn(weight(3, 4).softmax(1), Shape.of(3, 4)))
                .isInstanceOf(GraphException.class)
                .hasMessageContainingAll("w", "SOFTMAX", "continue from the model's own weights");
    }

    /** Every weight of the file is found, and drawn as what it is. */
    @Test
    void theEmbeddedVaeBeginsAnew() throws IOException {
        TrainableNetwork decoder =
                Vae.load(EmbeddedModel.emojiLcm(), Shape.of(1, 3, 16, 16)).decoder();
        assertThat(decoder.parameters()).hasSize(52);
        decoder.drawWeights(SEED);
        decoder.parameters().forEach((name, weight) -> {
            double[] values = weight.toDoubles();
            if (name.endsWith(".bias") || name.contains("onnx::Add")) {
                assertThat(values).as(name).containsOnly(0);
            } else if (name.contains("onnx::Mul")) {
                assertThat(values).as(name).containsOnly(1);
            } else {
                double bound =
                        1 / Math.sqrt(weight.size() / (double) weight.shape().dim(0));
                assertThat(DoubleStream.of(values).map(Math::abs).max().orElseThrow())
                        .as(name)
                        .isBetween(0.8 * bound, bound * 1.000001);
            }
        });
    }

    @Test
    void theEmbeddedTextEncoderBeginsAnewByTheSeed() throws IOException {
        ModelDirectory directory = ModelDirectory.open(EmbeddedModel.emojiLcm());
        try (CaptionEncoder first = CaptionEncoder.load(directory, 1);
                CaptionEncoder second = CaptionEncoder.load(directory, 2)) {
            Map<String, float[]> before = new HashMap<>();
            first.network().parameters().forEach((name, weight) -> before.put(name, weight.toFloats()));
            first.network().drawWeights(SEED);
            second.network().drawWeights(SEED);
            assertThat(before).hasSize(36);
            first.network().parameters().forEach((name, weight) -> {
                assertThat(weight.toFloats())
                        .as(name)
                        .isEqualTo(second.network().parameters().get(name).toFloats());
                assertThat(weight.toFloats()).as(name).isNotEqualTo(before.get(name));
            });
        }
    }

    private static Value weight(int... dims) {
        return Value.input("w", DataType.FLOAT32, Shape.of(dims));
    }

    private static double[] drawn(Value output, Shape shape) {
        TensorData weight = TensorData.zeros(DataType.FLOAT32, shape);
        InitialWeights.draw(output, Map.of("w", weight), SEED);
        return weight.toDoubles();
    }
}
