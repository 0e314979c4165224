package dev.rlcm.rewrite.lowering;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.SameFunction;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class LowRankProductsTest {
    private final Value x = input("x", 2, 5, 6);

    private static Value input(String name, int... dims) {
        return Value.input(name, DataType.FLOAT64, Shape.of(dims));
    }

    private static Value weight(int in, int out) {
        return Value.constant(
                TensorData.generate(DataType.FLOAT64, Shape.of(in, out), i -> Math.sin(i)), "layer.weight");
    }

    private static long products(Graph graph) {
        return graph.topologicalOrder().stream()
                .filter(value -> value.is(Op.MATMUL) && value.rank() == 3)
                .count();
    }

    @Property(tries = 50)
    void valuesAndGradientsStayWhateverTheFactorsLayout(
            @ForAll boolean flipDown,
            @ForAll boolean flipUp,
            @ForAll boolean swapped,
            @ForAll @IntRange(min = 1, max = 4) int rank) {
        Value down = flipDown ? input("down", rank, 6) : input("down", 6, rank);
        Value up = flipUp ? input("up", 4, rank) : input("up", rank, 4);
        Value plain = x.matmul(weight(6, 4));
        Value update = x.matmul(down, false, flipDown).matmul(up.mul(2), false, flipUp);
        Graph factored = Graph.of("y", swapped ? update.add(plain) : plain.add(update));
        Graph merged = LowRankProducts.merge(factored);

        assertThat(products(merged)).isEqualTo(1);
        SameFunction.check(differentiated(factored, down, up), differentiated(merged, down, up), 1e-9);
    }

    private Graph differentiated(Graph graph, Value down, Value up) {
        Value y = graph.output("y");
        List<Value> gradients = Gradients.of(y.tanh().sum(), List.of(x, down, up));
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("y", y);
        outputs.put("dx", gradients.get(0));
        outputs.put("dDown", gradients.get(1));
        outputs.put("dUp", gradients.get(2));
        return Graph.of(outputs);
    }

    @Test
    void aLargeMatrixStaysFactored() {
        Value wide = input("x", 2, 64);
        Graph graph = Graph.of(
                "y",
                wide.matmul(weight(64, 64)).add(wide.matmul(input("a", 64, 2)).matmul(input("b", 2, 64))));
        assertThat(LowRankProducts.merge(graph).output("y")).isSameAs(graph.output("y"));
    }

    @Test
    void updatesOfAnotherOperandStay() {
        Value other = input("other", 2, 5, 6);
        Graph graph = Graph.of(
                "y", x.matmul(weight(6, 4)).add(other.matmul(input("a", 6, 3)).matmul(input("b", 3, 4))));
        assertThat(LowRankProducts.merge(graph).output("y")).isSameAs(graph.output("y"));
    }
}
