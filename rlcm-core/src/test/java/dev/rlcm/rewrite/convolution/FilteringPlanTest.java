package dev.rlcm.rewrite.convolution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.convolution.FilteringPlan.Budget;
import dev.rlcm.rewrite.convolution.FilteringPlan.Use;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FilteringPlanTest {
    /** Choosing needs shapes only. */
    private static final class StandIns implements LoweredWeights {
        private final List<Shape> shapes = new ArrayList<>();

        @Override
        public Value own(Value constant) {
            return constant;
        }

        @Override
        public Value derived(Value weight, Object form, Shape shape, Supplier<TensorData> data) {
            shapes.add(shape);
            return Value.input("kernel " + shapes.size(), weight.type(), shape);
        }
    }

    private static Value conv(Value x, int channels, int stride, int group) {
        Attributes sliding = Attributes.of("strides", new int[] {stride, stride}, "pads", new int[] {1, 1, 1, 1})
                .with("dilations", new int[] {1, 1})
                .with("group", group);
        Shape kernel = Shape.of(channels, x.dim(1) / group, 3, 3);
        return Value.of(Op.CONV, sliding, x, Value.constant(TensorData.zeros(x.type(), kernel)));
    }

    private static Value input(DataType type, int rows, int channels, int size) {
        return Value.input("x", type, Shape.of(rows, channels, size, size));
    }

    private static long direct(FilteringPlan plan) {
        return plan.apply(new StandIns()).topologicalOrder().stream()
                .filter(value -> value.is(Op.CONV))
                .count();
    }

    private static long everywhere(Value y) {
        return direct(FilteringPlan.everywhere(Graph.of("y", y), Use.GRADIENTS));
    }

    private static FilteringPlan byCost(Value y, double share) {
        return FilteringPlan.byCost(Graph.of("y", y), Use.GRADIENTS, new Budget(share, 0));
    }

    /** As they were measured, and the same for all rows, since sampler and trainer have to choose alike. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "320 | 64 | tiles of 4x4, channels last",
                "640 | 32 | tiles of 4x4, channels last",
                "1280 | 16 | tiles of 4x4, channels first",
                "1280 | 8 | direct",
                "64 | 16 | direct",
                "128 | 8 | direct",
                "128 | 16 | direct",
                "32 | 8 | direct"
            })
    void theFastestFormIsTheOneThatWasMeasured(int channels, int size, String form) {
        for (int rows : new int[] {1, 4, 16}) {
            Value conv = conv(input(DataType.FLOAT32, rows, channels, size), channels, 1, 1);
            assertThat(byCost(conv, 100).lines()).singleElement().asString().endsWith(": " + form);
        }
    }

    /** In the graph with gradients its kernel takes as much as the rotated one that the direct form would have. */
    @ParameterizedTest
    @CsvSource({"1280, 8", "1280, 16", "640, 32"})
    void upsampledPicturesAreTransformedBeforeUpsampling(int channels, int size) {
        Value x = input(DataType.FLOAT32, 1, channels, size);
        Value conv = conv(Value.of(Op.RESIZE, Attributes.of("scales", new int[] {1, 1, 2, 2}), x), channels, 1, 1);
        FilteringPlan plan = byCost(conv, 0);
        assertThat(plan.lines()).singleElement().asString().endsWith(": tiles of 2x2 before upsampling, channels last");
        StandIns weights = new StandIns();
        assertThat(plan.apply(weights).topologicalOrder()).noneMatch(v -> v.is(Op.CONV) || v.is(Op.RESIZE));
        assertThat(weights.shapes).containsExactly(Shape.of(9, channels, channels));
        assertThat(everywhere(conv)).isZero();
    }

    @Test
    void anotherConvolutionWithTheKernelOfAnUpsampledPictureStaysDirect() {
        Value x = input(DataType.FLOAT32, 1, 640, 32);
        Value upsampled = conv(Value.of(Op.RESIZE, Attributes.of("scales", new int[] {1, 1, 2, 2}), x), 640, 1, 1);
        Value other = Value.of(Op.CONV, upsampled.attributes(), x, upsampled.in(1));
        FilteringPlan plan = byCost(Value.concat(2, List.of(upsampled.slice(3, 0, 32), other)), 0);
        assertThat(plan.lines()).hasSize(2);
        assertThat(direct(plan)).isOne();
    }

    @Test
    void whatTheFormIsNotForStaysDirect() {
        Value x = input(DataType.FLOAT32, 1, 4, 8);
        assertThat(everywhere(conv(x, 4, 1, 1))).isZero();
        assertThat(everywhere(conv(x, 4, 2, 1))).isOne();
        assertThat(everywhere(conv(x, 4, 1, 2))).isOne();
        assertThat(everywhere(conv(input(DataType.FLOAT16, 1, 4, 8), 4, 1, 1))).isOne();
    }

    @Test
    void memoryIsSpentWhereItSavesMost() {
        Value y = conv(conv(input(DataType.FLOAT32, 1, 320, 64), 320, 1, 1), 320, 1, 1);
        for (int i = 0; i < 4; i++) {
            y = conv(y, 640, i == 0 ? 2 : 1, 1);
        }
        assertThat(direct(byCost(y, 0)))
                .as("the strided one, and one of 320 channels: the other takes the bytes that small tiles leave")
                .isEqualTo(2);
        assertThat(direct(byCost(y, 0.2))).as("the strided one").isOne();
        FilteringPlan all = byCost(y, 100);
        assertThat(direct(all)).as("the strided one").isOne();
        assertThat(all.lines()).allMatch(line -> line.contains("4x4"));
    }

    /** The direct form takes 9 numbers a filter and 9 rotated ones, this form 16. */
    @Test
    void tilesOfTwoNeedNoBudgetInTheGraphWithGradients() {
        Graph graph = Graph.of("y", conv(input(DataType.FLOAT32, 1, 1280, 16), 1280, 1, 1));
        Budget nothing = new Budget(0, 0);
        assertThat(FilteringPlan.byCost(graph, Use.GRADIENTS, nothing))
                .hasToString("1 of 1 convolutions of 3x3 by minimal filtering (1 in tiles of 2x2, channels last)");
        assertThat(FilteringPlan.byCost(graph, Use.INFERENCE, nothing))
                .hasToString("0 of 1 convolutions of 3x3 by minimal filtering");
    }

    @Test
    void aKernelThatIsUsedTwiceCountsOnce() {
        Value x = input(DataType.FLOAT32, 1, 320, 64);
        Value once = conv(x, 320, 1, 1);
        Value again = Value.of(Op.CONV, once.attributes(), x.mul(2), once.in(1));
        Graph two = Graph.of(Map.of("once", once, "again", again));
        Budget ofOne = new Budget(0, 320 * 320 * 18 * Float.BYTES);
        assertThat(direct(FilteringPlan.byCost(two, Use.GRADIENTS, ofOne))).isZero();
        assertThat(direct(FilteringPlan.byCost(two, Use.GRADIENTS, new Budget(0, ofOne.least() - 1))))
                .isEqualTo(2);
    }

    @Test
    void linesAreCutWhereNobodyDifferentiates() {
        Graph graph = Graph.of("y", conv(input(DataType.FLOAT32, 1, 256, 128), 256, 1, 1));
        StandIns weights = new StandIns();
        Graph cut = FilteringPlan.byCost(graph, Use.INFERENCE, new Budget(0, 1 << 24))
                .apply(weights);
        assertThat(cut.output("y").shape()).isEqualTo(graph.output("y").shape());
        assertThat(cut.topologicalOrder().stream().filter(v -> v.is(Op.SLICE) && v.dim(3) < 128))
                .as("a block for each quarter")
                .hasSize(4);
        assertThat(weights.shapes).as("one kernel for all blocks").hasSize(1);
        assertThat(FilteringPlan.everywhere(graph, Use.GRADIENTS).apply(weights).topologicalOrder())
                .noneMatch(v -> v.is(Op.SLICE));
    }
}
