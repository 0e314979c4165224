package dev.rlcm.rewrite.lowering;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.SameFunction;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class ProductSlicesTest {
    private final Value x = Value.input("x", DataType.FLOAT64, Shape.of(2, 5, 3));

    private static Value constant(int... dims) {
        return Value.constant(TensorData.generate(DataType.FLOAT64, Shape.of(dims), i -> Math.sin(i)));
    }

    @Property(tries = 60)
    void columnsOfAProductAreTheProductWithTheColumns(
            @ForAll boolean transposed, @ForAll boolean biased, @ForAll @IntRange(min = 1, max = 7) int border) {
        Value product = x.matmul(transposed ? constant(8, 3) : constant(3, 8), false, transposed);
        Value y = biased ? constant(8).add(product) : product;
        Graph halves = Graph.of(Map.of("left", y.slice(2, 0, border), "right", y.slice(2, border, 8)));
        Graph pushed = ProductSlices.push(halves);

        assertThat(pushed.topologicalOrder()).noneMatch(value -> value.is(Op.SLICE));
        SameFunction.check(halves, pushed, 1e-12);
    }

    @Test
    void rowsAndStridesStay() {
        Value y = x.matmul(constant(3, 8));
        for (Value slice : new Value[] {
            y.slice(1, 0, 2),
            y.slice(2, 0, 4).slice(1, 0, 2),
            y.slice(new int[3], new int[] {2, 5, 4}, new int[] {1, 1, 2})
        }) {
            Graph graph = Graph.of("y", slice);
            assertThat(ProductSlices.push(graph).output("y").op()).isEqualTo(Op.SLICE);
            SameFunction.check(graph, ProductSlices.push(graph), 1e-12);
        }
    }

    @Test
    void emptySlicesStay() {
        Graph graph = Graph.of("y", x.matmul(constant(3, 8)).slice(2, 4, 4));
        assertThat(ProductSlices.push(graph).output("y")).isSameAs(graph.output("y"));
    }

    @Test
    void productsThatABiasWidensStay() {
        Graph graph = Graph.of("y", x.matmul(constant(3, 1)).add(constant(8)).slice(2, 2, 6));
        assertThat(ProductSlices.push(graph).output("y")).isSameAs(graph.output("y"));
    }

    @Test
    void largeMatricesStayWhole() {
        Value y = Value.input("x", DataType.FLOAT64, Shape.of(1, 1200)).matmul(constant(1200, 1200));
        Graph graph = Graph.of("y", y.slice(1, 0, 200));
        assertThat(ProductSlices.push(graph).output("y")).isSameAs(graph.output("y"));
    }

    @Test
    void summandsThatAreNoBiasStay() {
        Value y = x.matmul(constant(3, 8)).add(Value.input("residual", DataType.FLOAT64, Shape.of(2, 5, 8)));
        Graph graph = Graph.of("y", y.slice(2, 0, 4));
        assertThat(ProductSlices.push(graph).output("y")).isSameAs(graph.output("y"));
    }
}
