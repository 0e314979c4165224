package dev.rlcm.rewrite.patterns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.SameFunction;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the tests of the patterns are written in. */
final class Forms {
    private Forms() {}

    static Value input(String name, int... dims) {
        return Value.input(name, DataType.FLOAT32, Shape.of(dims));
    }

    /** A constant parameter with distinct elements. */
    static Value parameter(int... dims) {
        return Value.constant(TensorData.generate(DataType.FLOAT32, Shape.of(dims), i -> 0.5 + 0.25 * i));
    }

    static Value filled(double number, int... dims) {
        return Value.constant(TensorData.generate(DataType.FLOAT32, Shape.of(dims), i -> number));
    }

    /** The raised value, once it is known to be the same function and to hold exactly one node of the operator. */
    static Value raised(Op op, Value value) {
        Graph graph = Graph.of("y", value);
        Graph raised = RaisePatterns.raise(graph);
        SameFunction.check(graph, raised, 1e-5);
        assertThat(raised.topologicalOrder().stream().filter(v -> v.is(op)).toList())
                .as("%s", raised)
                .hasSize(1);
        return raised.output("y");
    }

    static void staysAsItIs(Value... values) {
        Map<String, Value> outputs = new LinkedHashMap<>();
        for (Value value : values) {
            outputs.put("y" + outputs.size(), value);
        }
        assertThat(RaisePatterns.raise(Graph.of(outputs)).outputs()).isEqualTo(outputs);
    }
}
