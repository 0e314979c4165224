package dev.rlcm.autodiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The elementwise rows of the table, and the table as a whole. */
class GradientRulesTest {
    /** The pairs of shapes that broadcast in all the different ways, from ONNX Runtime's gradient tests. */
    private static final List<Shape[]> PAIRS = List.of(
            pair(Shape.of(2, 3), Shape.of(2, 3)),
            pair(Shape.of(), Shape.of(2, 3)),
            pair(Shape.of(3), Shape.of(2, 3)),
            pair(Shape.of(2, 1), Shape.of(2, 3)),
            pair(Shape.of(1, 3), Shape.of(2, 1)),
            pair(Shape.of(2, 3, 4), Shape.of(3, 1)),
            pair(Shape.of(1), Shape.of(1)),
            pair(Shape.of(4, 1, 3), Shape.of(2, 1)));

    private static final Map<Op, Attributes> ANYWHERE = Map.ofEntries(
            Map.entry(Op.NEG, Attributes.NONE),
            Map.entry(Op.EXP, Attributes.NONE),
            Map.entry(Op.SIN, Attributes.NONE),
            Map.entry(Op.COS, Attributes.NONE),
            Map.entry(Op.TANH, Attributes.NONE),
            Map.entry(Op.SIGMOID, Attributes.NONE),
            Map.entry(Op.ERF, Attributes.NONE),
            Map.entry(Op.ATAN, Attributes.NONE),
            Map.entry(Op.SOFTPLUS, Attributes.NONE),
            Map.entry(Op.SWISH, Attributes.of("alpha", 1.702)),
            Map.entry(Op.GELU, Attributes.of("approximate", "tanh")));

    private static final Map<Op, Attributes> WITH_KINKS = Map.of(
            Op.ABS, Attributes.NONE,
            Op.RELU, Attributes.NONE,
            Op.LEAKY_RELU, Attributes.of("alpha", 0.1),
            Op.ELU, Attributes.of("alpha", 0.7),
            Op.CLIP, Attributes.of("min", -0.5, "max", 0.75));

    private static Shape[] pair(Shape a, Shape b) {
        return new Shape[] {a, b};
    }

    @Provide
    Arbitrary<Shape> shapes() {
        return Arbitraries.integers()
                .between(1, 3)
                .array(int[].class)
                .ofMaxSize(3)
                .map(Shape::of);
    }

    @Example
    void everyOperatorHasARuleOrAZeroGradientOrIsALeaf() {
        Set<Op> leaves = EnumSet.of(Op.INPUT, Op.CONSTANT);
        for (Op op : Op.values()) {
            boolean rule = GradientRules.TABLE.rule(op).isPresent();
            int outcomes =
                    (rule ? 1 : 0) + (GradientRules.TABLE.isConstant(op) ? 1 : 0) + (leaves.contains(op) ? 1 : 0);
            assertThat(outcomes).as(op.toString()).isEqualTo(1);
        }
    }

    @Property(tries = 10)
    void binaryRowsUndoEveryBroadcast(@ForAll long seed) {
        for (Shape[] pair : PAIRS) {
            for (List<Shape> shapes : List.of(Arrays.asList(pair), List.of(pair[1], pair[0]))) {
                for (Op op : List.of(Op.ADD, Op.SUB, Op.MUL)) {
                    Point point = new Point(seed);
                    point.check(Value.of(op, Attributes.NONE, point.real(shapes.get(0)), point.real(shapes.get(1))));
                }
                for (Op op : List.of(Op.DIV, Op.POW)) {
                    Point point = new Point(seed);
                    Value a = point.positive(shapes.get(0));
                    point.check(Value.of(op, Attributes.NONE, a, point.positive(shapes.get(1))));
                }
                for (Op op : List.of(Op.MIN, Op.MAX)) {
                    Point point = new Point(seed);
                    Value a = point.uneven(0.05, shapes.get(0));
                    point.check(Value.of(op, Attributes.NONE, a, point.uneven(0.15, shapes.get(1))));
                }
                Point point = new Point(seed);
                Value a = point.uneven(0.1, shapes.get(0));
                point.check(Value.of(Op.MOD, Attributes.NONE, a, point.quarters(shapes.get(1))));
            }
        }
    }

    @Property(tries = 10)
    void whereGivesEachElementItsOwnGradient(@ForAll long seed) {
        for (Shape[] pair : PAIRS) {
            Point point = new Point(seed);
            Shape both = Shape.broadcast(pair[0], pair[1]);
            point.check(point.truths(both).where(point.real(pair[0]), point.real(pair[1])));
            Point swapped = new Point(seed);
            swapped.check(swapped.truths(pair[0]).where(swapped.real(pair[1]), swapped.real(both)));
        }
    }

    @Property(tries = 20)
    void unaryRowsMatchDifferences(@ForAll("shapes") Shape shape, @ForAll long seed) {
        ANYWHERE.forEach((op, attributes) -> {
            Point point = new Point(seed);
            point.check(Value.of(op, attributes, point.real(shape)));
        });
        WITH_KINKS.forEach((op, attributes) -> {
            Point point = new Point(seed);
            point.check(Value.of(op, attributes, point.uneven(0.1, shape)));
        });
        for (Op op : List.of(Op.LOG, Op.SQRT)) {
            Point point = new Point(seed);
            point.check(point.positive(shape).unary(op));
        }
        for (Attributes attributes : List.of(Attributes.of("approximate", "none"), Attributes.of("alpha", 1.0))) {
            Point point = new Point(seed);
            Op op = attributes.has("alpha") ? Op.SWISH : Op.GELU;
            point.check(Value.of(op, attributes, point.real(shape)));
        }
    }

    @Property(tries = 10)
    void castsBetweenRealsPassTheGradient(@ForAll("shapes") Shape shape, @ForAll long seed) {
        Point point = new Point(seed);
        Value x = point.real(shape);
        point.check(x.cast(DataType.FLOAT32).sin().cast(DataType.FLOAT64));
    }

    @Property(tries = 10)
    void constantRowsGiveZero(@ForAll("shapes") Shape shape, @ForAll long seed) {
        for (Op op : List.of(Op.SIGN, Op.FLOOR, Op.CEIL, Op.ROUND)) {
            Point point = new Point(seed);
            Value x = point.uneven(0.1, shape);
            Value gradient = Gradients.of(x.unary(op).sum(), List.of(x)).get(0);
            assertThat(gradient.isConstant(0)).isTrue();
            point.check(x.mul(x.unary(op)));
        }
    }

    @Property(tries = 10)
    void aStoppedGradientIsZeroAndTheOthersStay(@ForAll("shapes") Shape shape, @ForAll long seed) {
        Point point = new Point(seed);
        Value x = point.real(shape);
        Value stopped = x.unary(Op.STOP_GRADIENT);
        assertThat(Gradients.of(stopped.sin().sum(), List.of(x)).get(0).isConstant(0))
                .isTrue();
        Value gradient = Gradients.of(x.mul(stopped).sum(), List.of(x)).get(0);
        assertThat(gradient.shape()).isEqualTo(shape);
        assertThat(Graph.of("g", gradient).topologicalOrder()).contains(stopped);
    }

    @Example
    void mulGivesEachFactorTimesTheOther() {
        Point point = new Point(1);
        Value a = point.real(2, 3);
        Value b = point.real(2, 3);
        List<Value> gradients = Gradients.of(a.mul(b).sum(), List.of(a, b));
        assertThat(point.evaluate(gradients.get(0))).isEqualTo(point.evaluate(b));
        assertThat(point.evaluate(gradients.get(1))).isEqualTo(point.evaluate(a));
    }

    @Example
    void aTieOfTwoOperandsGoesToTheFirst() {
        Point point = new Point(1);
        Value a = point.real(3);
        Value b = a.add(0);
        for (Value tie : List.of(a.min(b), a.max(b))) {
            List<Value> gradients = Gradients.of(tie.sum(), List.of(tie.in(0), tie.in(1)));
            assertThat(point.evaluate(gradients.get(0))).containsExactly(1, 1, 1);
            assertThat(point.evaluate(gradients.get(1))).containsExactly(0, 0, 0);
        }
    }

    @Example
    void clipPassesTheGradientAtItsBounds() {
        Point point = new Point(1);
        Value x = point.feed(TensorData.doubles(Shape.of(4), -2, -1, 1, 2));
        assertThat(point.evaluate(Gradients.of(x.clip(-1, 1).sum(), List.of(x)).get(0)))
                .containsExactly(0, 1, 1, 0);
    }

    @Example
    void powersOfZeroHaveFiniteGradients() {
        Point point = new Point(1);
        Value a = point.feed(TensorData.doubles(Shape.of(3), 0, 0, 2));
        Value b = point.feed(TensorData.doubles(Shape.of(3), 0, 3, 0));
        List<Value> gradients = Gradients.of(a.pow(b).sum(), List.of(a, b));
        assertThat(point.evaluate(gradients.get(0))).containsExactly(0, 0, 0);
        assertThat(point.evaluate(gradients.get(1))).containsExactly(0, 0, Math.log(2));
    }

    @Property(tries = 10)
    void constantExponentsMatchDifferences(@ForAll("shapes") Shape shape, @ForAll long seed) {
        for (double exponent : new double[] {-1, 0, 0.5, 2, 3}) {
            Point point = new Point(seed);
            point.check(point.positive(shape).pow(exponent));
        }
    }
}
