package dev.rlcm.rewrite.convolution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FilteredConvolutionsTest {
    /** Choosing needs shapes only. */
    private static LoweredWeights standIns() {
        return new LoweredWeights() {
            private int count;

            @Override
            public Value own(Value constant) {
                return constant;
            }

            @Override
            public Value derived(Value constant, Shape shape, Supplier<TensorData> data) {
                return Value.input("kernel " + count++, constant.type(), shape);
            }
        };
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

    private static long direct(Graph graph) {
        return graph.topologicalOrder().stream()
                .filter(value -> value.is(Op.CONV))
                .count();
    }

    private static long everywhere(Value y) {
        return direct(FilteredConvolutions.everywhere(Graph.of("y", y), standIns()));
    }

    private static long byCost(Value y, double share) {
        return direct(FilteredConvolutions.byCost(Graph.of("y", y), share, standIns()));
    }

    /** As they were measured, and the same for all rows, since sampler and trainer have to choose alike. */
    @ParameterizedTest
    @CsvSource({
        "320, 64, true", "640, 32, true", "1280, 16, true", "1280, 8, true",
        "64, 16, false", "128, 8, false", "128, 16, false", "32, 8, false"
    })
    void theModelChoosesWhatWasMeasured(int channels, int size, boolean faster) {
        for (int rows : new int[] {1, 4, 16}) {
            Value conv = conv(input(DataType.FLOAT32, rows, channels, size), channels, 1, 1);
            double form = Math.min(FilteringCost.form(conv, Tile.OF_2), FilteringCost.form(conv, Tile.OF_4));
            assertThat(form < 0.8 * FilteringCost.direct(conv)).isEqualTo(faster);
        }
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
        assertThat(byCost(y, 0)).isEqualTo(6);
        long some = byCost(y, 1);
        assertThat(some).isBetween(2L, 5L);
        assertThat(byCost(y, 100)).as("all but the strided one").isOne().isLessThan(some);
    }
}
