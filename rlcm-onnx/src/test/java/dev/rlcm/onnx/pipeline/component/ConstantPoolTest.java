package dev.rlcm.onnx.pipeline.component;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class ConstantPoolTest {
    private static final int SIZE = 1024;

    private final ConstantPool pool = new ConstantPool();

    /** A graph that reads a weight whose numbers are its places, but for one. */
    private static Graph graph(String label, int exception, double number) {
        TensorData data = TensorData.generate(DataType.FLOAT32, Shape.of(SIZE), i -> i == exception ? number : i);
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(SIZE));
        return Graph.of("y", x.mul(Value.constant(data, label)));
    }

    private Value weight(Graph graph) {
        return pool.share(graph).topologicalOrder().stream()
                .filter(value -> value.is(Op.CONSTANT))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void graphsShareEqualWeightsOfOneName() {
        Value first = weight(graph("w", 0, 0));
        assertThat(weight(graph("w", 0, 0))).isSameAs(first);
        assertThat(weight(graph("v", 0, 0))).as("of another name").isNotSameAs(first);
    }

    @Test
    void weightsOfOneNameThatDifferAnywhereStayApart() {
        Value first = weight(graph("w", 0, 0));
        assertThat(Stream.of(0, 1, 500, SIZE - 1).map(i -> weight(graph("w", i, -1))))
                .doesNotContain(first)
                .doesNotHaveDuplicates();
    }

    @Test
    void equalWeightsOfOneNameInOneGraphBecomeOne() {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(SIZE));
        Value sum = Stream.of(1, 2)
                .map(i -> Value.constant(TensorData.generate(DataType.FLOAT32, Shape.of(SIZE), k -> k), "w"))
                .reduce(x, Value::add, Value::add);
        Graph shared = pool.share(new Graph(Graph.of("y", sum).inputs(), Map.of("y", sum)));
        assertThat(shared.topologicalOrder())
                .filteredOn(value -> value.is(Op.CONSTANT))
                .hasSize(1);
    }
}
