package dev.rlcm.rewrite.convolution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class MinimalFilteringTest {
    private static Value conv(Random random, Value x, int out, int[] pads, boolean bias) {
        Attributes sliding = Attributes.of("strides", new int[] {1, 1}, "pads", pads)
                .with("dilations", new int[] {1, 1})
                .with("group", 1);
        Value kernel = Value.constant(normal(random, Shape.of(out, x.dim(1), 3, 3)));
        return bias
                ? Value.of(Op.CONV, sliding, x, kernel, Value.constant(normal(random, Shape.of(out))))
                : Value.of(Op.CONV, sliding, x, kernel);
    }

    /** The direct form of the reference backend, in values and in gradients, to what rounding in double precision leaves. */
    @Property(tries = 60)
    void theFormIsTheDirectConvolutionForwardAndBackward(
            @ForAll long seed,
            @ForAll FilteredForm kind,
            @ForAll @IntRange(min = 1, max = 3) int blocks,
            @ForAll boolean bias,
            @ForAll @IntRange(min = 1, max = 3) int rows,
            @ForAll @IntRange(min = 1, max = 4) int in,
            @ForAll @IntRange(min = 1, max = 4) int out,
            @ForAll @IntRange(min = 3, max = 11) int height,
            @ForAll @IntRange(min = 3, max = 11) int width) {
        Random random = new Random(seed);
        Value x = Value.input("x", DataType.FLOAT64, Shape.of(rows, in, height, width));
        Value direct = kind.tile().upsampling() == 2
                ? conv(random, upsampled(x), out, new int[] {1, 1, 1, 1}, bias)
                : conv(random, x, out, random.ints(4, 0, 3).toArray(), bias);
        assertThat(kind.fits(direct)).isTrue();
        assertThat(MinimalFiltering.fits(direct)).isTrue();
        LoweredWeights weights = LoweredWeights.computed();
        Value form = new MinimalFiltering(weights).apply(direct, kind, 4 * blocks);
        Value upstream = Value.input("upstream", direct.type(), direct.shape());
        Map<String, TensorData> feeds =
                Map.of("x", normal(random, x.shape()), "upstream", normal(random, upstream.shape()));
        Map<String, TensorData> expected = run(joint(direct, x, upstream), feeds);
        Graph joint = LeftWeights.transpose(joint(form, x, upstream), weights);
        assertThat(joint.topologicalOrder())
                .noneMatch(v -> v.is(Op.CONV) || v.is(Op.CONV_TRANSPOSE) || v.is(Op.RESIZE))
                .noneMatch(v -> v.is(Op.MATMUL) && v.attributes().flag("transA"));
        Map<String, TensorData> actual = run(joint, feeds);
        expected.forEach((name, data) ->
                assertThat(relativeError(actual.get(name), data)).as(name).isLessThan(1e-12));
    }

    private static Value upsampled(Value x) {
        return Value.of(Op.RESIZE, Attributes.of("scales", new int[] {1, 1, 2, 2}), x);
    }

    /** Tiles begin where a repeated element does, which other pads and factors do not allow. */
    @Test
    void onlyUpsamplingByTwoWithPadsOfOneHasItsForm() {
        Random random = new Random(1);
        Value x = Value.input("x", DataType.FLOAT64, Shape.of(1, 2, 4, 4));
        int[] ones = {1, 1, 1, 1};
        Value wide = Value.of(Op.RESIZE, Attributes.of("scales", new int[] {1, 1, 1, 2}), x);
        Value other = conv(random, upsampled(x), 2, new int[] {1, 0, 1, 2}, false);
        assertThat(FilteredForm.UPSAMPLED.fits(conv(random, upsampled(x), 2, ones, false)))
                .isTrue();
        assertThat(FilteredForm.UPSAMPLED.fits(conv(random, x, 2, ones, false))).isFalse();
        assertThat(FilteredForm.UPSAMPLED.fits(conv(random, wide, 2, ones, false)))
                .isFalse();
        assertThat(FilteredForm.UPSAMPLED.fits(other)).isFalse();
    }

    private static Graph joint(Value y, Value x, Value upstream) {
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("y", y);
        outputs.put("gradient", Gradients.of(y.mul(upstream).sum(), List.of(x)).get(0));
        return new Graph(List.of(x, upstream), outputs);
    }

    private static TensorData normal(Random random, Shape shape) {
        return TensorData.generate(DataType.FLOAT64, shape, i -> random.nextGaussian());
    }

    private static Map<String, TensorData> run(Graph graph, Map<String, TensorData> feeds) {
        try (ReferenceBackend backend = new ReferenceBackend();
                Executable executable = backend.compile(graph)) {
            return executable.run(feeds);
        }
    }

    private static double relativeError(TensorData actual, TensorData expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.size(); i++) {
            difference += Math.pow(actual.getDouble(i) - expected.getDouble(i), 2);
            norm += Math.pow(expected.getDouble(i), 2);
        }
        return Math.sqrt(difference / norm);
    }
}
