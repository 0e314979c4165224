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

class MinimalFilteringTest {
    private static Value conv(
            Random random, int rows, int in, int out, int height, int width, int[] pads, boolean bias) {
        Value x = Value.input("x", DataType.FLOAT64, Shape.of(rows, in, height, width));
        Attributes sliding = Attributes.of("strides", new int[] {1, 1}, "pads", pads)
                .with("dilations", new int[] {1, 1})
                .with("group", 1);
        Value kernel = Value.constant(normal(random, Shape.of(out, in, 3, 3)));
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
        Value direct =
                conv(random, rows, in, out, height, width, random.ints(4, 0, 3).toArray(), bias);
        assertThat(MinimalFiltering.fits(direct)).isTrue();
        LoweredWeights weights = LoweredWeights.computed();
        Value form = new MinimalFiltering(weights).apply(direct, kind, 4 * blocks);
        Value x = direct.in(0);
        Value upstream = Value.input("upstream", direct.type(), direct.shape());
        Map<String, TensorData> feeds =
                Map.of("x", normal(random, x.shape()), "upstream", normal(random, upstream.shape()));
        Map<String, TensorData> expected = run(joint(direct, x, upstream), feeds);
        Graph joint = LeftWeights.transpose(joint(form, x, upstream), weights);
        assertThat(joint.topologicalOrder())
                .noneMatch(v -> v.is(Op.CONV) || v.is(Op.CONV_TRANSPOSE))
                .noneMatch(v -> v.is(Op.MATMUL) && v.attributes().flag("transA"));
        Map<String, TensorData> actual = run(joint, feeds);
        expected.forEach((name, data) ->
                assertThat(relativeError(actual.get(name), data)).as(name).isLessThan(1e-12));
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
