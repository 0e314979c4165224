package dev.rlcm.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Executable;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class AttentionSlicesTest {
    private static final int[][] MASKS = {
        {}, {7}, {5, 7}, {1, 1, 7}, {3, 5, 7}, {2, 1, 1, 7}, {2, 1, 5, 1}, {2, 3, 5, 7}
    };

    @Property(tries = 60)
    void slicesGiveTheGradientsOfTheWhole(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 120) int maxScores,
            @ForAll @IntRange(max = 8) int mask) {
        List<Value> operands = new ArrayList<>(List.of(input("q", 2, 3, 5, 4), input("k", 2, 3, 7, 4)));
        operands.add(input("v", 2, 3, 7, 6));
        if (mask < MASKS.length) {
            operands.add(input("mask", MASKS[mask]));
        }
        Value y = Value.of(Op.ATTENTION, Attributes.of("scale", 0.3), operands, "");
        Value g = input("g", 2, 3, 5, 6);
        List<Value> whole =
                AttentionGradients.attention(y, g, Long.MAX_VALUE, 1).subList(0, 3);
        List<Value> slices = AttentionGradients.attention(y, g, 0, maxScores).subList(0, 3);
        Map<String, Value> outputs = new LinkedHashMap<>();
        for (int i = 0; i < 3; i++) {
            outputs.put("whole" + i, whole.get(i));
            outputs.put("slices" + i, slices.get(i));
        }
        Map<String, TensorData> results = run(Graph.of(outputs), seed);
        for (int i = 0; i < 3; i++) {
            TensorData expected = results.get("whole" + i);
            TensorData actual = results.get("slices" + i);
            assertThat(actual.shape()).isEqualTo(expected.shape());
            for (int j = 0; j < expected.shape().size(); j++) {
                assertThat(actual.getDouble(j)).isCloseTo(expected.getDouble(j), within(1e-12));
            }
        }
    }

    @Property(tries = 20)
    void noValueHoldsMoreScoresThanASlice(@ForAll @IntRange(min = 400, max = 5000) int maxScores) {
        Value q = input("q", 2, 3, 90, 2);
        Value k = input("k", 2, 3, 80, 2);
        Value y = Value.of(Op.ATTENTION, Attributes.of("scale", 0.3), q, k, input("v", 2, 3, 80, 2));
        List<Value> gradients = AttentionGradients.attention(y, input("g", 2, 3, 90, 2), 0, maxScores)
                .subList(0, 3);
        assertThat(Graph.topologicalOrder(gradients))
                .filteredOn(v -> v.is(Op.SOFTMAX))
                .hasSizeGreaterThan(5)
                .allMatch(v -> v.shape().size() <= maxScores);
        assertThat(Graph.topologicalOrder(gradients))
                .filteredOn(v -> v.is(Op.MATMUL) && v.shape().size() > maxScores)
                .isEmpty();
    }

    private static Value input(String name, int... dims) {
        return Value.input(name, DataType.FLOAT32, Shape.of(dims));
    }

    private static Map<String, TensorData> run(Graph graph, long seed) {
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        Random random = new Random(seed);
        for (Value input : graph.inputs()) {
            inputs.put(input.label(), TensorData.generate(DataType.FLOAT64, input.shape(), i -> random.nextGaussian()));
        }
        try (ReferenceBackend backend = new ReferenceBackend();
                Executable executable = backend.compile(graph)) {
            return executable.run(inputs);
        }
    }
}
