package dev.rlcm.autodiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Convolutions and pooling over one to three spatial axes. */
class ConvolutionGradientsTest {
    /** Random window parameters that fit into small images. */
    private static final class Windows {
        final int[] extents;
        final int[] kernel;
        final int[] strides;
        final int[] pads;
        final int[] dilations;

        Windows(Point point, int rank, int maxPad, boolean dilated) {
            kernel = each(rank, i -> point.draw(1, rank < 3 ? 3 : 2));
            dilations = each(rank, i -> dilated ? point.draw(1, 2) : 1);
            int maxStride = point.draw(0, 1) == 0 ? 1 : 3;
            strides = each(rank, i -> point.draw(1, maxStride));
            pads = each(2 * rank, i -> Math.min(point.draw(0, maxPad), maxPad < 3 ? kernel[i % rank] - 1 : 3));
            extents = each(rank, i -> {
                int reach = dilations[i] * (kernel[i] - 1);
                return Math.max(
                        reach + 1 - pads[i] - pads[i + rank], Math.max(1, reach + point.draw(0, 6 / (rank * rank))));
            });
        }

        private static int[] each(int count, IntUnaryOperator draw) {
            return IntStream.range(0, count).map(draw).toArray();
        }

        Attributes sliding(int group) {
            return Attributes.of("strides", strides, "pads", pads)
                    .with("dilations", dilations)
                    .with("group", group);
        }
    }

    private static int[] dims(int batch, int channels, int[] spatial) {
        return IntStream.concat(IntStream.of(batch, channels), IntStream.of(spatial))
                .toArray();
    }

    @Property(tries = 200)
    void convolutionsMatchDifferences(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 3) int rank,
            @ForAll @IntRange(min = 1, max = 2) int group) {
        Point point = new Point(seed);
        Windows windows = new Windows(point, rank, 3, true);
        int inputs = point.draw(1, 2);
        int outputs = group * point.draw(1, 2);
        Value x = point.real(dims(point.draw(1, 2), group * inputs, windows.extents));
        Value w = point.real(dims(outputs, inputs, windows.kernel));
        List<Value> operands = point.draw(0, 1) == 0 ? List.of(x, w) : List.of(x, w, point.real(outputs));
        point.check(Value.of(Op.CONV, windows.sliding(group), operands, ""));
    }

    @Property(tries = 120)
    void transposedConvolutionsMatchDifferences(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 3) int rank,
            @ForAll @IntRange(min = 1, max = 2) int group) {
        Point point = new Point(seed);
        Windows windows = new Windows(point, rank, 1, true);
        int[] rest =
                IntStream.of(windows.strides).map(s -> point.draw(0, s - 1)).toArray();
        int[] pads = IntStream.range(0, 2 * rank)
                .map(i -> windows.kernel[i % rank] > 1 + i / rank ? windows.pads[i] : 0)
                .toArray();
        int inputs = group * point.draw(1, 2);
        int outputs = point.draw(1, 2);
        Value x = point.real(dims(point.draw(1, 2), inputs, windows.extents));
        Value w = point.real(dims(inputs, outputs, windows.kernel));
        Attributes attributes = windows.sliding(group).with("pads", pads).with("output_padding", rest);
        List<Value> operands = point.draw(0, 1) == 0 ? List.of(x, w) : List.of(x, w, point.real(group * outputs));
        point.check(Value.of(Op.CONV_TRANSPOSE, attributes, operands, ""));
    }

    @Property(tries = 100)
    void poolingMatchesDifferences(@ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int rank) {
        Point average = new Point(seed);
        Windows windows = new Windows(average, rank, 2, false);
        Attributes attributes = Attributes.of("kernel_shape", windows.kernel, "strides", windows.strides)
                .with("pads", windows.pads);
        int[] dims = dims(2, 2, windows.extents);
        boolean includePad = average.draw(0, 1) == 0;
        average.check(Value.of(Op.AVERAGE_POOL, attributes.with("count_include_pad", includePad), average.real(dims)));
        Point max = new Point(seed);
        max.check(Value.of(Op.MAX_POOL, attributes, max.distinct(dims)));
    }

    @Example
    void equalMaximaOfAWindowShareTheGradient() {
        Point point = new Point(1);
        Value x = point.feed(TensorData.doubles(Shape.of(1, 1, 4), 1, 1, 0, 2));
        Attributes attributes = Attributes.of("kernel_shape", new int[] {2}, "strides", new int[] {2})
                .with("pads", new int[2]);
        Value loss = Value.of(Op.MAX_POOL, attributes, x).sum();
        assertThat(point.evaluate(Gradients.of(loss, List.of(x)).get(0))).containsExactly(0.5, 0.5, 0, 1);
    }

    private static Attributes sliding(int stride, int pad) {
        return Attributes.of("strides", new int[] {stride, stride}, "pads", new int[] {pad, pad, pad, pad})
                .with("dilations", new int[] {1, 1})
                .with("group", 1);
    }

    /** Whichever image is the smaller one is shifted. */
    @Example
    void theKernelGradientIsOneMatrixProduct() {
        for (int outputs : new int[] {2, 9}) {
            for (int stride : new int[] {1, 2}) {
                Point point = new Point(1);
                Value x = point.real(2, 3, 8, 8);
                Value w = point.real(outputs, 3, 3, 3);
                Value y = Value.of(Op.CONV, sliding(stride, 1), x, w);
                Value upstream = point.real(y.shape().toArray());
                Value dw = Gradients.of(y.mul(upstream).sum(), List.of(w)).get(0);
                List<Value> order = Graph.of("dw", dw).topologicalOrder();
                assertThat(order.stream().filter(v -> v.is(Op.MATMUL))).hasSize(1);
                assertThat(order.stream().filter(v -> v.is(Op.CONV))).isEmpty();
                point.check(y);
            }
        }
    }

    @Example
    void largeKernelsMatchDifferencesWithoutAShiftForEveryPlace() {
        Point point = new Point(2);
        Value x = point.real(1, 2, 9, 8);
        Value w = point.real(2, 2, 6, 5);
        Value y = Value.of(Op.CONV, sliding(2, 1), x, w);
        point.check(y);
        Graph backward = Graph.of("dw", Gradients.of(y.sum(), List.of(w)).get(0));
        assertThat(backward.topologicalOrder()).hasSizeLessThan(20);
    }
}
