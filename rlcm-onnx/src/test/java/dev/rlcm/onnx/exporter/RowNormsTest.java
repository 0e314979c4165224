package dev.rlcm.onnx.exporter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.SameValues;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RowNormsTest {
    private static Graph norm(DataType type, int axis, boolean biased) {
        Value x = Value.input("x", type, Shape.of(2, 3, 4));
        int[] rest = axis == 1 ? new int[] {3, 4} : new int[] {4};
        Value scale = Value.input("scale", type, Shape.of(rest));
        Value bias = Value.input("bias", type, Shape.of(rest));
        List<Value> operands = biased ? List.of(x, scale, bias) : List.of(x, scale);
        return Graph.of("y", Value.of(Op.LAYER_NORM, Attributes.of("axis", axis, "epsilon", 1e-3), operands, "/norm"));
    }

    @Property(tries = 20)
    void valuesAndLabelStay(@ForAll @IntRange(min = 1, max = 2) int axis, @ForAll boolean biased, @ForAll long seed) {
        Graph graph = norm(DataType.FLOAT32, axis, biased);
        Graph rows = RowNorms.apply(graph);
        assertThat(rows.topologicalOrder()).noneMatch(value -> value.is(Op.LAYER_NORM));
        assertThat(rows.output("y").label()).isEqualTo("/norm");
        SameValues.check(graph, rows, seed);
    }

    @Test
    void normsOfAsManyRowsShareTheirConstants() {
        Value x = norm(DataType.FLOAT32, 2, false).output("y");
        Graph twice = Graph.of("y", x.withInputs(List.of(x, x.in(1))));
        assertThat(RowNorms.apply(twice).topologicalOrder().stream().filter(value -> value.is(Op.CONSTANT)))
                .hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4})
    void normsOfNothingStay(int width) {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(2, 4 - width, width));
        Value scale = Value.input("scale", DataType.FLOAT32, Shape.of(width));
        Graph graph = Graph.of("y", Value.of(Op.LAYER_NORM, Attributes.of("axis", 2, "epsilon", 1e-3), x, scale));
        assertThat(RowNorms.apply(graph).output("y")).isSameAs(graph.output("y"));
    }

    @Test
    void otherTypesStay() {
        Graph graph = norm(DataType.FLOAT64, 2, true);
        assertThat(RowNorms.apply(graph).output("y")).isSameAs(graph.output("y"));
    }
}
