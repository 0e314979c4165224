package dev.rlcm.autodiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Matrix products, softmax, normalisations and attention. */
class NeuralGradientsTest {
    /** Batch axes of the two operands. */
    private static final int[][][] BATCHES = {
        {{}, {}}, {{2}, {}}, {{}, {2}}, {{2}, {2}}, {{2}, {1}}, {{1}, {2}}, {{2, 1}, {3}}, {{2, 3}, {}}, {{}, {1, 1}}
    };

    @Property(tries = 20)
    void productsMatchDifferencesForAllFlagsAndBatches(@ForAll long seed) {
        for (int[][] batch : BATCHES) {
            for (int flags = 0; flags < 4; flags++) {
                boolean transA = (flags & 1) != 0;
                boolean transB = (flags & 2) != 0;
                Point point = new Point(seed);
                Value a = point.real(transA ? matrix(batch[0], 3, 2) : matrix(batch[0], 2, 3));
                Value b = point.real(transB ? matrix(batch[1], 4, 3) : matrix(batch[1], 3, 4));
                point.check(a.matmul(b, transA, transB));
            }
        }
    }

    private static int[] matrix(int[] batch, int rows, int columns) {
        int[] dims = Arrays.copyOf(batch, batch.length + 2);
        dims[batch.length] = rows;
        dims[batch.length + 1] = columns;
        return dims;
    }

    @Example
    void aWeightGradientIsOneMatrixProductWithoutTransposes() {
        Point point = new Point(1);
        Value x = point.real(2, 5, 3);
        Value w = point.real(3, 4);
        Value dw = Gradients.of(x.matmul(w).sin().sum(), List.of(w)).get(0);
        assertThat(dw.op()).isEqualTo(Op.MATMUL);
        assertThat(dw.in(0).shape()).isEqualTo(Shape.of(10, 3));
        assertThat(Graph.of("dw", dw).topologicalOrder().stream().map(Value::op))
                .doesNotContain(Op.TRANSPOSE, Op.REDUCE_SUM);
    }

    @Property(tries = 30)
    void softmaxesMatchDifferences(@ForAll long seed, @ForAll @IntRange(max = 2) int axis) {
        for (Op op : List.of(Op.SOFTMAX, Op.LOG_SOFTMAX)) {
            Point point = new Point(seed);
            point.check(Value.of(op, Attributes.of("axis", axis), point.real(2, 3, 4)));
        }
    }

    @Property(tries = 50)
    void channelNormalisationsMatchDifferences(@ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int spatial) {
        Point group = new Point(seed);
        int groups = group.draw(1, 2);
        int channels = groups * group.draw(1, 2);
        int[] dims = new int[spatial + 2];
        Arrays.fill(dims, 2);
        dims[1] = channels;
        dims[2] = 3;
        Attributes epsilon = Attributes.of("epsilon", 1e-2);
        group.check(Value.of(
                Op.GROUP_NORM,
                epsilon.with("groups", groups),
                group.real(dims),
                group.real(channels),
                group.real(channels)));
        Point instance = new Point(seed);
        instance.check(Value.of(
                Op.INSTANCE_NORM, epsilon, instance.real(dims), instance.real(channels), instance.real(channels)));
    }

    @Property(tries = 50)
    void layerNormalisationMatchesDifferences(@ForAll long seed, @ForAll @IntRange(max = 2) int axis) {
        int[][] parameters = {{2, 3, 4}, {3, 4}, {4}};
        for (int[] shape : new int[][] {parameters[axis], {4}, {1}}) {
            Point point = new Point(seed);
            List<Value> operands = new ArrayList<>(List.of(point.real(2, 3, 4), point.real(shape)));
            if (point.draw(0, 1) == 0) {
                operands.add(point.real(shape));
            }
            Attributes attributes = Attributes.of("axis", axis, "epsilon", 1e-2);
            point.check(Value.of(Op.LAYER_NORM, attributes, operands, ""));
        }
    }

    @Property(tries = 20)
    void attentionMatchesDifferencesWithAndWithoutMask(@ForAll long seed) {
        int[][] masks = {{}, {4}, {3, 4}, {1, 3, 1}, {2, 3, 4}};
        for (int[] mask : masks) {
            Point point = new Point(seed);
            List<Value> operands =
                    new ArrayList<>(List.of(point.real(2, 3, 2), point.real(2, 4, 2), point.real(2, 4, 3)));
            if (mask.length > 0) {
                operands.add(point.real(mask));
            }
            point.check(Value.of(Op.ATTENTION, Attributes.of("scale", 0.7), operands, ""));
        }
    }

    @Property(tries = 20)
    void attentionMatchesDifferencesForSeveralHeads(@ForAll long seed) {
        Point point = new Point(seed);
        point.check(Value.of(
                Op.ATTENTION,
                Attributes.of("scale", 0.5),
                point.real(1, 2, 3, 2),
                point.real(1, 2, 3, 2),
                point.real(1, 2, 3, 2)));
    }
}
