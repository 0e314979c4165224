package dev.rlcm.rewrite.lowering;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.SameFunction;
import org.junit.jupiter.api.Test;

final class FewerPassesTest {
    private static Value input(String name, int... dims) {
        return Value.input(name, DataType.FLOAT64, Shape.of(dims));
    }

    private static Value weight(int in, int out) {
        return Value.constant(TensorData.generate(DataType.FLOAT64, Shape.of(in, out), i -> Math.sin(i)));
    }

    @Test
    void anAdaptedLayerAndAGatedOneAreTheSameFunctionOfTheSameInputs() {
        Value x = input("x", 2, 5, 6);
        Value update = x.matmul(input("down", 6, 2)).matmul(input("up", 2, 4));
        Value adapted = x.matmul(weight(6, 4)).add(update);
        Value wide = adapted.matmul(weight(4, 8));
        Graph graph = Graph.of("y", wide.slice(2, 0, 4).mul(wide.slice(2, 4, 8).tanh()));
        Graph fewer = FewerPasses.apply(graph);

        assertThat(fewer.topologicalOrder()).noneMatch(value -> value.is(Op.SLICE));
        assertThat(fewer.topologicalOrder().stream().filter(value -> value.is(Op.MATMUL) && value.rank() == 3))
                .as("x W, and a product for each half")
                .hasSize(3);
        assertThat(fewer.inputs()).isEqualTo(graph.inputs());
        SameFunction.check(graph, fewer, 1e-9);
    }
}
