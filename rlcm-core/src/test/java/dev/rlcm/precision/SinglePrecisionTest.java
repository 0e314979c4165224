package dev.rlcm.precision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SinglePrecisionTest {
    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT16", "BFLOAT16"})
    void nothingOfSixteenBitsIsLeftAndConstantsKeepTheirNumbers(DataType half) {
        Value x = Value.input("x", half, Shape.of(3));
        Value mask = Value.input("mask", DataType.INT64, Shape.of(3));
        TensorData weights = TensorData.generate(half, Shape.of(3), i -> 0.1 * i);
        Value wide = x.mul(Value.constant(weights, "w")).cast(DataType.FLOAT32).exp();
        Value y = wide.cast(half).add(mask.cast(half));
        Graph graph = SinglePrecision.of(Graph.of("y", y));
        assertThat(graph.topologicalOrder()).allMatch(v -> v.type() == DataType.FLOAT32 || v.type() == DataType.INT64);
        assertThat(graph.input("mask")).isSameAs(mask);
        Value constant = graph.topologicalOrder().stream()
                .filter(v -> v.label().equals("w"))
                .findFirst()
                .orElseThrow();
        assertThat(IntStream.range(0, 3).mapToDouble(constant.data()::getDouble))
                .containsExactly(weights.getDouble(0), weights.getDouble(1), weights.getDouble(2));
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT32", "FLOAT64"})
    void otherGraphsStayAsTheyAre(DataType type) {
        Graph graph = Graph.of("y", Value.input("x", type, Shape.of(3)).exp());
        assertThat(SinglePrecision.of(graph)).isSameAs(graph);
    }
}
