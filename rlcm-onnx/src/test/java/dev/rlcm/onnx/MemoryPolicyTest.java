package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.exporter.Dialect;
import dev.rlcm.onnx.exporter.OnnxExporter;
import dev.rlcm.onnx.exporter.WeightStore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever memory is spent on, the numbers are the same. */
class MemoryPolicyTest {
    private static final Random RANDOM = new Random(7);

    /** Weights above the size from which they are fed rather than copied. */
    @ParameterizedTest
    @EnumSource(MemoryPolicy.class)
    void everyPolicyComputesTheSame(MemoryPolicy policy) {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(1, 64, 8, 8));
        Attributes same = Attributes.of("strides", new int[] {1, 1}, "pads", new int[] {1, 1, 1, 1})
                .with("dilations", new int[] {1, 1})
                .with("group", 1);
        Value y = x;
        for (int i = 0; i < 6; i++) {
            Value kernel = Value.constant(normal(Shape.of(64, 64, 3, 3), 0.05));
            Value rows = Value.of(Op.CONV, same, y, kernel).tanh().reshape(1, 64, 64);
            Value mixed = rows.matmul(Value.constant(normal(Shape.of(64, 320), 0.1)))
                    .sin()
                    .matmul(Value.constant(normal(Shape.of(320, 64), 0.1)));
            y = y.add(mixed.reshape(1, 64, 8, 8));
        }
        Value loss = y.square().sum();
        Graph plain = Graph.of(
                Map.of("loss", loss, "dx", Gradients.of(loss, List.of(x)).get(0)));
        Graph lowered =
                Lowering.of(policy).update(Graph.of("loss", loss), Map.of("loss", loss.like(1)), Map.of("dx", x));
        Map<String, TensorData> inputs = Map.of("x", normal(x.shape(), 1));
        try (Backend ort = OrtBackend.cpu(OrtOptions.defaults().withMemory(policy));
                Backend reference = new ReferenceBackend()) {
            assertThat(ort.memoryPolicy()).isEqualTo(policy);
            agree(ort.compile(lowered), reference.compile(plain), inputs);
        }
    }

    /** Attention whose scores are not written to memory in the forward pass, nor as a whole in the backward pass. */
    @Test
    void largeAttentionAgreesWithTheReference() {
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        Value[] qkv = new Value[3];
        for (int i = 0; i < 3; i++) {
            qkv[i] = Value.input("qkv" + i, DataType.FLOAT32, Shape.of(1, 3, i == 0 ? 1100 : 1300, 8));
            inputs.put(qkv[i].label(), normal(qkv[i].shape(), 1));
        }
        Value y = Value.of(Op.ATTENTION, Attributes.of("scale", 0.4), qkv);
        List<Value> gradients = Gradients.of(y.square().sum(), List.of(qkv));
        Graph graph = Graph.of(Map.of("y", y, "dq", gradients.get(0), "dk", gradients.get(1), "dv", gradients.get(2)));
        assertThat(OnnxExporter.export(graph, WeightStore.inline(), Dialect.RUNTIME_CPU)
                        .getGraph()
                        .getNodeList())
                .anyMatch(node -> node.getOpType().equals("MultiHeadAttention"));
        assertThat(OnnxExporter.export(graph, WeightStore.inline(), Dialect.STANDARD)
                        .getGraph()
                        .getNodeList())
                .noneMatch(node -> node.getOpType().equals("MultiHeadAttention"));
        try (Backend ort = OrtBackend.cpu();
                Backend reference = new ReferenceBackend()) {
            agree(ort.compile(graph), reference.compile(graph), inputs);
        }
    }

    private static void agree(Executable ort, Executable reference, Map<String, TensorData> inputs) {
        Map<String, TensorData> actual = ort.run(inputs);
        reference.run(inputs).forEach((name, expected) -> {
            double error = 0;
            double norm = 0;
            for (int i = 0; i < expected.size(); i++) {
                error += Math.pow(actual.get(name).getDouble(i) - expected.getDouble(i), 2);
                norm += Math.pow(expected.getDouble(i), 2);
            }
            assertThat(Math.sqrt(error / norm)).as(name).isCloseTo(0, within(2e-5));
        });
    }

    private static TensorData normal(Shape shape, double std) {
        return TensorData.generate(DataType.FLOAT32, shape, i -> std * RANDOM.nextGaussian());
    }
}
