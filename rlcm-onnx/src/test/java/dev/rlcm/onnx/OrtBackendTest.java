package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtProvider;
import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class OrtBackendTest {
    private final OrtBackend backend = OrtBackend.cpu(1);
    private final Value x = Value.input("x", DataType.FLOAT32, Shape.of(2));

    @AfterEach
    void close() {
        backend.close();
    }

    @Test
    void sharedBuffersCarryInAndOut() {
        Executable twice = backend.compile(Graph.of("y", x.mul(2)));
        TensorData in = TensorData.floats(Shape.of(2), 1, 2);
        TensorData out = TensorData.zeros(DataType.FLOAT32, Shape.of(2));
        for (int i = 1; i <= 5; i++) {
            in.setDouble(0, i);
            twice.run(Map.of("x", in), Map.of("y", out));
            assertThat(out.toFloats()).containsExactly(2f * i, 4f);
        }
    }

    @Test
    void largeConstantsAreSharedWithTheSession() {
        TensorData table = TensorData.generate(DataType.FLOAT32, Shape.of(1000), i -> i);
        Value index = Value.input("i", DataType.INT64, Shape.of(1));
        Executable lookup =
                backend.compile(Graph.of("y", Value.constant(table, "table").gather(0, index)));
        Map<String, TensorData> inputs = Map.of("i", TensorData.longs(Shape.of(1), 777));
        assertThat(lookup.run(inputs).get("y").toFloats()).containsExactly(777f);
    }

    @Test
    void anInputMayBeAnOutputUnderItsOwnName() {
        Map<String, Value> outputs = Map.of("x", x, "y", x.add(1));
        Map<String, TensorData> result =
                backend.compile(Graph.of(outputs)).run(Map.of("x", TensorData.floats(Shape.of(2), 3, 4)));
        assertThat(result.get("x").toFloats()).containsExactly(3, 4);
        assertThat(result.get("y").toFloats()).containsExactly(4, 5);
    }

    @Test
    void outputsMayBeInputsConstantsOrTheSameValueTwice() {
        Value y = x.add(1);
        Map<String, Value> outputs = Map.of("same", x, "one", Value.scalar(DataType.FLOAT32, 1), "a", y, "b", y);
        Map<String, TensorData> result =
                backend.compile(Graph.of(outputs)).run(Map.of("x", TensorData.floats(Shape.of(2), 3, 4)));
        assertThat(result.get("same").toFloats()).containsExactly(3, 4);
        assertThat(result.get("one").toFloats()).containsExactly(1);
        assertThat(result.get("a").toFloats()).containsExactly(4, 5);
        assertThat(result.get("b").toFloats()).containsExactly(4, 5);
    }

    @Test
    void tallAndWideProductsOfATransposedMatrixAreRight() {
        for (boolean transB : List.of(false, true)) {
            for (int columns : List.of(2, 5)) {
                Value a = Value.input("a", DataType.FLOAT32, Shape.of(4, 3));
                Value b = Value.input("b", DataType.FLOAT32, transB ? Shape.of(columns, 4) : Shape.of(4, columns));
                Graph graph = Graph.of("y", a.matmul(b, true, transB));
                Map<String, TensorData> inputs = Map.of(
                        "a", TensorData.generate(DataType.FLOAT32, a.shape(), i -> i),
                        "b", TensorData.generate(DataType.FLOAT32, b.shape(), i -> 7 - i * i));
                try (ReferenceBackend reference = new ReferenceBackend()) {
                    double[] expected =
                            reference.compile(graph).run(inputs).get("y").toDoubles();
                    assertThat(backend.compile(graph).run(inputs).get("y").toDoubles())
                            .containsExactly(expected);
                }
            }
        }
    }

    @Test
    void wrongInputsAreNamedAndNotTheRightOnes() {
        Executable sum = backend.compile(Graph.of("y", x.add(Value.input("b", DataType.FLOAT32, Shape.of(2)))));
        TensorData vector = TensorData.floats(Shape.of(2), 3, 4);
        Map<String, TensorData> given = new LinkedHashMap<>(Map.of("x", vector));
        IntStream.range(0, 10).forEach(i -> given.put("lora_" + i, vector));
        assertThatThrownBy(() -> sum.run(given))
                .hasMessage(
                        "the inputs must be those of the graph; missing are [b]; unknown are [lora_0, lora_1, lora_2,"
                                + " lora_3, lora_4, lora_5, lora_6, lora_7] and 2 more");
    }

    @Test
    void anInputThatNothingDependsOnIsAccepted() {
        Value unused = Value.input("unused", DataType.FLOAT32, Shape.of(3));
        Executable executable = backend.compile(new Graph(List.of(x, unused), Map.of("y", x.neg())));
        TensorData nothing = TensorData.zeros(DataType.FLOAT32, Shape.of(3));
        Map<String, TensorData> inputs = Map.of("x", TensorData.floats(Shape.of(2), 3, 4), "unused", nothing);
        assertThat(executable.run(inputs).get("y").toFloats()).containsExactly(-3, -4);
    }

    @Test
    void wrongTensorsAreNamedWithWhatWasExpected() {
        Executable executable = backend.compile(Graph.of("y", x.neg()));
        assertThatThrownBy(() -> executable.run(Map.of("x", TensorData.longs(Shape.of(2), 1, 2))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("input x must be FLOAT32[2], got INT64[2]");
        assertThatThrownBy(() -> executable.run(Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[x]");
        assertThatThrownBy(() -> executable.run(
                        Map.of("x", TensorData.floats(Shape.of(2), 1, 2)),
                        Map.of("y", TensorData.floats(Shape.of(1), 1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("output y must be FLOAT32[2]");
    }

    @Test
    void closingIsIdempotentAndClosesExecutables() {
        Executable executable = backend.compile(Graph.of("y", x.neg()));
        Map<String, TensorData> inputs = Map.of("x", TensorData.floats(Shape.of(2), 1, 2));
        executable.run(inputs);
        backend.close();
        backend.close();
        executable.close();
        assertThatThrownBy(() -> executable.run(inputs)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> backend.compile(Graph.of("y", x.neg()))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void missingCudaSaysWhatIsNeeded() {
        Assumptions.assumeFalse(OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA));
        assertThatThrownBy(() -> OrtBackend.cuda(0))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("onnxruntime_gpu")
                .hasMessageContaining("CUDA 12")
                .hasMessageContaining("onnxruntime.native.path")
                .hasMessageContaining("CUDA 13");
    }
}
