package dev.rlcm.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** The laws of the driver. */
class GradientsTest {
    private static Value network(Point point, Value x) {
        Value hidden = x.matmul(point.real(3, 4)).tanh();
        return hidden.matmul(point.real(4, 2)).softmax(-1).add(hidden.mean());
    }

    @Property(tries = 10)
    void gradientsAreLinearInTheUpstream(@ForAll long seed) {
        Point point = new Point(seed);
        Value x = point.real(2, 3);
        Value y = network(point, x);
        Value u = point.real(2, 2);
        Value v = point.real(2, 2);
        double[] sum = pulled(point, y, u.mul(2).sub(v.mul(3)), x);
        double[] first = pulled(point, y, u, x);
        double[] second = pulled(point, y, v, x);
        for (int i = 0; i < sum.length; i++) {
            assertThat(sum[i]).isCloseTo(2 * first[i] - 3 * second[i], within(1e-12));
        }
    }

    private static double[] pulled(Point point, Value y, Value upstream, Value x) {
        return point.evaluate(
                Gradients.of(List.of(y), List.of(upstream), List.of(x)).get(0));
    }

    @Property(tries = 5)
    void everyUseOfAValueAddsToItsGradient(@ForAll long seed) {
        Point point = new Point(seed);
        Value x = point.real(3);
        Value loss = x.add(x).add(x).sum().add(x.mul(x).sum());
        double[] at = point.evaluate(x);
        double[] gradient = point.evaluate(Gradients.of(loss, List.of(x)).get(0));
        for (int i = 0; i < at.length; i++) {
            assertThat(gradient[i]).isCloseTo(3 + 2 * at[i], within(1e-12));
        }
    }

    @Property(tries = 5)
    void gradientsOfSeveralOutputsAddUp(@ForAll long seed) {
        Point point = new Point(seed);
        Value x = point.real(2, 3);
        Value y = x.exp();
        List<Value> outputs = List.of(y, y.sin(), y);
        List<Value> upstream = List.of(point.real(2, 3), point.real(2, 3), point.real(2, 3));
        double[] together =
                point.evaluate(Gradients.of(outputs, upstream, List.of(x)).get(0));
        for (int i = 0; i < together.length; i++) {
            double expected = 0;
            for (int k = 0; k < 3; k++) {
                expected += pulled(point, outputs.get(k), upstream.get(k), x)[i];
            }
            assertThat(together[i]).isCloseTo(expected, within(1e-12));
        }
    }

    @Example
    void whatTheLossDoesNotDependOnGetsZeros() {
        Point point = new Point(1);
        Value x = point.real(2, 3);
        Value gradient = Gradients.of(point.real(4).sum(), List.of(x)).get(0);
        assertThat(gradient.shape()).isEqualTo(x.shape());
        assertThat(gradient.isConstant(0)).isTrue();
    }

    @Example
    void theGradientOfTheLossByItselfIsOne() {
        Point point = new Point(1);
        Value loss = point.real(2).sum();
        assertThat(point.evaluate(Gradients.of(loss, List.of(loss)).get(0))).containsExactly(1);
    }

    @Example
    void intermediateValuesCanBeDifferentiatedByToo() {
        Point point = new Point(1);
        Value x = point.real(3);
        Value hidden = x.exp();
        List<Value> gradients = Gradients.of(hidden.mul(x).sum(), List.of(hidden, x));
        assertThat(point.evaluate(gradients.get(0))).containsExactly(point.evaluate(x));
        assertThat(point.evaluate(gradients.get(1)))
                .containsExactly(point.evaluate(x.mul(x.exp()).add(x.exp())), within(1e-12));
    }

    @Example
    void nothingIsEmittedBelowTheFirstWantedValue() {
        Point point = new Point(1);
        Value frozen = point.real(2, 3).exp().tanh().matmul(point.real(3, 4)).softmax(-1);
        Value w = point.real(4, 2);
        Value loss = frozen.matmul(w).sum();
        Value dw = Gradients.of(loss, List.of(w)).get(0);
        List<Value> forward = Graph.of("loss", loss).topologicalOrder();
        List<Op> emitted = Graph.of("dw", dw).topologicalOrder().stream()
                .filter(v -> !forward.contains(v))
                .map(Value::op)
                .toList();
        assertThat(emitted).containsExactlyInAnyOrder(Op.CONSTANT, Op.RESHAPE, Op.EXPAND, Op.MATMUL);
    }

    @Example
    void frozenOperandsGetNoGradientNodes() {
        Point point = new Point(1);
        Value x = point.real(2, 3);
        Value w = point.real(3, 4);
        Graph backward =
                Graph.of("dx", Gradients.of(x.matmul(w).sum(), List.of(x)).get(0));
        assertThat(backward.topologicalOrder().stream().filter(v -> v.is(Op.MATMUL)))
                .hasSize(1);
    }

    @Example
    void theGradientOfACentredValueIsNotExpandedToBeAdded() {
        Point point = new Point(1);
        Value x = point.real(2, 3);
        Value centred = x.sub(x.mean(true, 1));
        Value dx = Gradients.of(List.of(centred), List.of(point.real(2, 3)), List.of(x))
                .get(0);
        assertThat(Graph.of("dx", dx).topologicalOrder().stream().map(Value::op))
                .doesNotContain(Op.EXPAND);
        point.check(centred);
    }

    @Example
    void aRuleThatGivesTheWrongShapeIsNamed() {
        GradientTable table = GradientTable.builder()
                .of(Op.TANH, (y, g) -> List.of(g.transposed()))
                .build();
        Value x = new Point(1).real(2, 3);
        Value y = x.tanh();
        assertThatThrownBy(() -> Gradients.of(table, List.of(y), List.of(y), List.of(x)))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("TANH")
                .hasMessageContaining("[3,2] for [2,3]");
    }

    @Example
    void sameGraphSameGradientGraph() {
        Value x = new Point(1).real(2, 3);
        Value y = x.matmul(x, true, false).tanh().sum();
        String first = Graph.of("dx", Gradients.of(y, List.of(x)).get(0)).toString();
        String second = Graph.of("dx", Gradients.of(y, List.of(x)).get(0)).toString();
        assertThat(first).isEqualTo(second);
    }

    @Property(tries = 5)
    void secondDerivativesOfSmoothOperatorsMatchDifferences(@ForAll long seed) {
        for (Op op : List.of(Op.EXP, Op.SIN, Op.TANH, Op.SIGMOID, Op.ERF, Op.SOFTPLUS)) {
            Point point = new Point(seed);
            Value x = point.real(3);
            point.check(Gradients.of(x.unary(op).sum(), List.of(x)).get(0));
        }
        Point point = new Point(seed);
        Value x = point.real(2, 3);
        Attributes layer = Attributes.of("axis", 1, "epsilon", 0.1);
        Value normalised = Value.of(Op.LAYER_NORM, layer, network(point, x), point.real(2));
        Value active = Value.of(Op.GELU, Attributes.of("approximate", "none"), normalised);
        point.check(Gradients.of(active.square().sum(), List.of(x)).get(0));
    }

    @Example
    void allOperatorsWithoutRuleAreNamedWithLabelAndPath() {
        GradientTable table =
                GradientTable.builder().of(Op.ADD, (y, g) -> List.of(g, g)).build();
        Value x = new Point(1).real(2);
        Value tanh = Value.of(Op.TANH, Attributes.NONE, List.of(x), "/block/act");
        Value exp = Value.of(Op.EXP, Attributes.NONE, List.of(x), "/block/gate");
        Value y = Value.of(Op.ADD, Attributes.NONE, List.of(tanh, exp), "/block/sum");
        assertThatThrownBy(() -> Gradients.of(table, List.of(y), List.of(y), List.of(x)))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("TANH /block/act")
                .hasMessageContaining("EXP /block/gate")
                .hasMessageContaining("/block/act > /block/sum");
    }

    @Example
    void formsWithoutGradientAreCountedAndNamedToo() {
        Point point = new Point(1);
        Value x = point.real(4);
        Value at = point.indices(4, 2);
        Value y = x;
        for (String label : List.of("/first", "/second")) {
            Attributes product = Attributes.of("axis", 0, "reduction", "mul");
            y = Value.of(Op.SCATTER_ELEMENTS, product, List.of(y, at, point.real(2)), label);
        }
        Value loss = y.sum();
        assertThatThrownBy(() -> Gradients.of(loss, List.of(x)))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("what has no gradient (2)")
                .hasMessageContaining("SCATTER_ELEMENTS x2 (reduction mul")
                .hasMessageContaining("/first > /second > REDUCE_SUM; also /second");
    }

    @Example
    void operatorsWithoutRuleOffThePathDoNotMatter() {
        GradientTable table =
                GradientTable.builder().of(Op.ADD, (y, g) -> List.of(g, g)).build();
        Point point = new Point(1);
        Value x = point.real(2);
        Value y = x.add(point.real(2).tanh());
        assertThat(Gradients.of(table, List.of(y), List.of(x), List.of(x))).containsExactly(x);
    }

    @Example
    void impossibleRequestsAreRefused() {
        Point point = new Point(1);
        Value x = point.real(2);
        Value ids = point.indices(2, 2);
        assertThatThrownBy(() -> Gradients.of(x, List.of(x)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("one element");
        assertThatThrownBy(() -> Gradients.of(x.sum(), List.of(ids)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("integers");
        assertThatThrownBy(() -> Gradients.of(ids.sum(), List.of(x)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("real");
        assertThatThrownBy(() -> Gradients.of(List.of(x), List.of(x.sum()), List.of(x)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("upstream");
        assertThatThrownBy(() -> Gradients.of(List.of(x), List.of(), List.of(x)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("one upstream gradient per output");
    }
}
