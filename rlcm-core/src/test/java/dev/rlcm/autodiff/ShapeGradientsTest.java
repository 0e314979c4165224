package dev.rlcm.autodiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The rows that move elements: by position, by index, and over axes. */
class ShapeGradientsTest {
    @Property(tries = 10)
    void rearrangementsMatchDifferences(@ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int extent) {
        Point point = new Point(seed);
        Value x = point.real(2, extent, 3);
        Value moved = x.transpose(2, 0, 1).reshape(6, extent).sin();
        Value expanded =
                x.reshape(2, 1, extent, 3).expand(Shape.of(4, 2, 2, extent, 3)).exp();
        Value joined = Value.concat(1, List.of(x, point.real(2, 2, 3), x.mul(x)));
        point.check(moved.sum().mul(joined.cos()).add(expanded.sum()));
    }

    @Property(tries = 200)
    void slicesOfAnyStepMatchDifferences(@ForAll long seed) {
        Point point = new Point(seed);
        int[] dims = {point.draw(1, 3), point.draw(1, 7), point.draw(1, 4)};
        int[] starts = new int[3];
        int[] sizes = new int[3];
        int[] steps = new int[3];
        for (int i = 0; i < 3; i++) {
            steps[i] = point.draw(1, 3) * (point.draw(0, 1) * 2 - 1);
            sizes[i] = point.draw(1, (dims[i] - 1) / Math.abs(steps[i]) + 1);
            int reach = Math.abs(steps[i]) * (sizes[i] - 1);
            int first = point.draw(0, dims[i] - 1 - reach);
            starts[i] = steps[i] > 0 ? first : first + reach;
        }
        Attributes block = Attributes.of("starts", starts, "sizes", sizes).with("steps", steps);
        point.check(Value.of(Op.SLICE, block, point.real(dims)));
    }

    @Example
    void anEmptySliceGivesZeros() {
        Point point = new Point(1);
        Value x = point.real(3);
        Value loss = x.slice(0, 1, 1).sum();
        assertThat(point.evaluate(Gradients.of(loss, List.of(x)).get(0))).containsExactly(0, 0, 0);
    }

    @Property(tries = 100)
    void padsOfEveryModeMatchDifferences(@ForAll long seed) {
        for (String mode : List.of("constant", "reflect", "edge")) {
            Point point = new Point(seed);
            int[] dims = {point.draw(1, 4), point.draw(1, 4)};
            int[] pads = new int[4];
            for (int i = 0; i < 4; i++) {
                pads[i] = point.draw(0, mode.equals("reflect") ? dims[i % 2] - 1 : 3);
            }
            Attributes attributes = Attributes.of("pads", pads, "mode", mode).with("value", 0.5);
            point.check(Value.of(Op.PAD, attributes, point.real(dims)));
        }
    }

    @Property(tries = 50)
    void gathersMatchDifferences(@ForAll long seed, @ForAll @IntRange(max = 2) int axis) {
        Point point = new Point(seed);
        Value x = point.real(3, 4, 2);
        Value indices = point.indices(x.dim(axis), point.draw(1, 3), 2);
        point.check(x.gather(axis, indices));
    }

    @Property(tries = 50)
    void gathersAtConstantPositionsMatchDifferences(@ForAll long seed) {
        List<long[]> positions = List.of(
                new long[] {2},
                new long[] {-1},
                new long[] {1, 2, 3},
                new long[] {4, 2, 0},
                new long[] {2, 2},
                new long[] {0, 1, 3},
                new long[] {-2, -1});
        for (long[] list : positions) {
            Point point = new Point(seed);
            Value indices = Value.constant(TensorData.longs(Shape.of(list.length), list));
            point.check(point.real(2, 5, 2).gather(1, indices));
        }
        Point point = new Point(seed);
        point.check(point.real(2, 5).gather(0, Value.constant(TensorData.longs(Shape.SCALAR, 1))));
    }

    @Example
    void aConstantPositionIsPaddedNotScattered() {
        Value x = new Point(1).real(2, 5);
        Value loss =
                x.gather(1, Value.constant(TensorData.longs(Shape.SCALAR, 3))).sum();
        Graph backward = Graph.of("dx", Gradients.of(loss, List.of(x)).get(0));
        assertThat(backward.topologicalOrder().stream().map(Value::op))
                .contains(Op.PAD)
                .doesNotContain(Op.SCATTER_ELEMENTS, Op.SCATTER_ND);
    }

    @Property(tries = 50)
    void elementwiseGathersAndScattersMatchDifferences(@ForAll long seed, @ForAll @IntRange(max = 1) int axis) {
        Point gather = new Point(seed);
        Value x = gather.real(3, 4);
        gather.check(Value.of(Op.GATHER_ELEMENTS, Attributes.of("axis", axis), x, gather.indices(x.dim(axis), 3, 4)));

        Point add = new Point(seed);
        Value data = add.real(3, 4);
        Attributes adding = Attributes.of("axis", axis, "reduction", "add");
        add.check(Value.of(Op.SCATTER_ELEMENTS, adding, data, add.indices(data.dim(axis), 2, 3), add.real(2, 3)));

        Point overwrite = new Point(seed);
        Value target = overwrite.real(3, 4);
        Value distinct = overwrite.feed(TensorData.longs(axis == 0 ? Shape.of(2, 1) : Shape.of(1, 2), 2, 0));
        Attributes none = Attributes.of("axis", axis, "reduction", "none");
        overwrite.check(Value.of(Op.SCATTER_ELEMENTS, none, target, distinct, overwrite.real(distinct.shape())));
    }

    @Property(tries = 30)
    void blockGathersAndScattersMatchDifferences(@ForAll long seed) {
        for (int batch = 0; batch < 3; batch++) {
            for (int depth = 1; depth + batch <= 3; depth++) {
                Point point = new Point(seed);
                int[] dims = {2, 2, 2, depth};
                Value x = point.real(2, 2, 2);
                Attributes attributes = Attributes.of("batch_dims", batch);
                point.check(Value.of(Op.GATHER_ND, attributes, x, point.indices(2, dims)));
            }
        }
        Point add = new Point(seed);
        Value data = add.real(3, 2);
        Value rows = add.indices(3, 4, 1);
        add.check(Value.of(Op.SCATTER_ND, Attributes.of("reduction", "add"), data, rows, add.real(4, 2)));
        Point overwrite = new Point(seed);
        Value target = overwrite.real(3, 2);
        Value distinct = overwrite.feed(TensorData.longs(Shape.of(2, 2), 2, 1, 0, 1));
        overwrite.check(
                Value.of(Op.SCATTER_ND, Attributes.of("reduction", "none"), target, distinct, overwrite.real(2)));
    }

    @Property(tries = 30)
    void trianglesAndEnlargementsMatchDifferences(@ForAll long seed) {
        for (boolean upper : new boolean[] {true, false}) {
            Point point = new Point(seed);
            Attributes band = Attributes.of("upper", upper, "k", point.draw(-2, 2));
            point.check(Value.of(Op.TRILU, band, point.real(2, 3, 4)));
        }
        Point point = new Point(seed);
        int[] scales = {1, 1, point.draw(1, 3), point.draw(1, 3)};
        point.check(Value.of(Op.RESIZE, Attributes.of("scales", scales), point.real(1, 2, 2, 3)));
    }

    @Property(tries = 20)
    void reductionsMatchDifferences(@ForAll long seed, @ForAll boolean keep) {
        for (int[] axes : new int[][] {{0}, {1}, {0, 2}, {0, 1, 2}}) {
            for (Op op : List.of(Op.REDUCE_SUM, Op.REDUCE_MEAN, Op.REDUCE_MAX, Op.REDUCE_MIN, Op.REDUCE_PROD)) {
                Point point = new Point(seed);
                point.check(point.distinct(2, 3, 2).reduce(op, keep, axes));
            }
        }
    }

    @Example
    void equalMaximaShareTheGradient() {
        Point point = new Point(1);
        Value x = point.feed(TensorData.doubles(Shape.of(4), 1, 3, 3, 2));
        assertThat(point.evaluate(
                        Gradients.of(x.reduceMax(false, 0), List.of(x)).get(0)))
                .containsExactly(0, 0.5, 0.5, 0);
    }

    @Example
    void productsWithZerosMatchDifferences() {
        for (double[] factors : new double[][] {{2, 0, 3}, {0, 0, 3}, {0, 1, -1}}) {
            Point point = new Point(1);
            point.check(point.feed(TensorData.doubles(Shape.of(3), factors)).reduce(Op.REDUCE_PROD, false, 0));
        }
    }

    @Property(tries = 20)
    void cumulativeSumsMatchDifferences(@ForAll long seed, @ForAll boolean exclusive, @ForAll boolean reverse) {
        Point point = new Point(seed);
        Attributes attributes = Attributes.of("axis", point.draw(0, 1))
                .with("exclusive", exclusive)
                .with("reverse", reverse);
        point.check(Value.of(Op.CUM_SUM, attributes, point.real(3, 4)));
    }
}
