package dev.rlcm.onnx.pipeline.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.LoadOptions;
import dev.rlcm.onnx.OnnxModels;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class QuantisedLayersTest {
    @Test
    void theLinearLayersOfAQuantisedEncoderAreCountedAndItsOtherProductsAreNot() throws IOException {
        try (InputStream in =
                Objects.requireNonNull(QuantisedLayersTest.class.getResourceAsStream("/all-minilm-l6-v2-q.onnx"))) {
            Shape tokens = Shape.of(1, 8);
            Graph graph = OnnxModels.load(
                    ByteBuffer.wrap(in.readAllBytes()),
                    LoadOptions.defaults()
                            .withInputShapes(
                                    Map.of("input_ids", tokens, "attention_mask", tokens, "token_type_ids", tokens)));
            assertThat(QuantisedLayers.count(graph)).isEqualTo(36);
        }
    }

    @Test
    void layersOfRealsAreNone() {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(2, 3));
        Value scale = x.mean(false, 0, 1).unary(Op.STOP_GRADIENT);
        Value weight = Value.constant(TensorData.zeros(DataType.FLOAT32, Shape.of(3, 3)));
        assertThat(QuantisedLayers.count(Graph.of("y", x.mul(scale).matmul(weight))))
                .isZero();
    }
}
