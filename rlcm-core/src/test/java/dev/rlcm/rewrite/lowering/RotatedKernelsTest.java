package dev.rlcm.rewrite.lowering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Executable;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class RotatedKernelsTest {
    @Property(tries = 60)
    void computeTheSame(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 3) int height,
            @ForAll @IntRange(min = 1, max = 4) int width,
            @ForAll @IntRange(min = 1, max = 2) int group,
            @ForAll @IntRange(min = 1, max = 2) int dilation) {
        Random random = new Random(seed);
        Value x = Value.input("x", DataType.FLOAT64, Shape.of(2, 3 * group, 6, 7));
        TensorData kernel = normal(random, Shape.of(3 * group, 2, height, width));
        int[] pads = random.ints(4, 0, 3).toArray();
        Value y = transposed(x, kernel, 1, dilation, group, pads);
        Graph plain = Graph.of("y", y);
        Graph rotated = RotatedKernels.apply(plain);
        assertThat(rotated.topologicalOrder()).anyMatch(v -> v.is(Op.CONV)).noneMatch(v -> v.is(Op.CONV_TRANSPOSE));
        TensorData input = normal(random, x.shape());
        TensorData expected = run(plain, input);
        TensorData actual = run(rotated, input);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.getDouble(i)).isCloseTo(expected.getDouble(i), within(1e-12));
        }
    }

    @Example
    void leaveStridesAndVariableKernelsAlone() {
        Value x = Value.input("x", DataType.FLOAT64, Shape.of(1, 3, 4, 4));
        Value strided = transposed(x, normal(new Random(1), Shape.of(3, 2, 3, 3)), 2, 1, 1, new int[4]);
        Value kernel = Value.input("w", DataType.FLOAT64, Shape.of(3, 2, 3, 3));
        Value variable = Value.of(
                Op.CONV_TRANSPOSE,
                transposed(x, normal(new Random(1), kernel.shape()), 1, 1, 1, new int[4])
                        .attributes(),
                x,
                kernel);
        Graph graph = Graph.of(Map.of("strided", strided, "variable", variable));
        assertThat(RotatedKernels.apply(graph).topologicalOrder()).noneMatch(v -> v.is(Op.CONV));
    }

    private static Value transposed(Value x, TensorData kernel, int stride, int dilation, int group, int[] pads) {
        Attributes attributes = Attributes.of("strides", new int[] {stride, stride}, "pads", pads)
                .with("dilations", new int[] {dilation, dilation})
                .with("group", group)
                .with("output_padding", new int[2]);
        return Value.of(Op.CONV_TRANSPOSE, attributes, x, Value.constant(kernel));
    }

    private static TensorData normal(Random random, Shape shape) {
        return TensorData.generate(DataType.FLOAT64, shape, i -> random.nextGaussian());
    }

    private static TensorData run(Graph graph, TensorData x) {
        try (ReferenceBackend backend = new ReferenceBackend();
                Executable executable = backend.compile(graph)) {
            return executable.run(Map.of("x", x)).get("y");
        }
    }
}
