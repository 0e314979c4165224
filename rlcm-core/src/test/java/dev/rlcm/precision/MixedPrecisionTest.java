package dev.rlcm.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.SameFunction;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What is computed in 16 bits and what is not, and that neither lowering nor widening changes the function. */
class MixedPrecisionTest {
    private final Random random = new Random(3);
    private final Value x = Value.input("x", DataType.FLOAT32, Shape.of(4, 8));
    private final Value t = Value.input("t", DataType.FLOAT32, Shape.of(4, 1));

    /** Numbers that both 16-bit types hold exactly. */
    private Value weight(int... dims) {
        return Value.constant(
                TensorData.generate(DataType.FLOAT32, Shape.of(dims), i -> (random.nextInt(9) - 4) / 8.0));
    }

    private static Graph lowered(Value output) {
        return MixedPrecision.lower(Graph.of("y", output), DataType.FLOAT16);
    }

    /** The type of the only node of that operator. */
    private static DataType typeOf(Graph graph, Op op) {
        List<Value> nodes =
                graph.topologicalOrder().stream().filter(v -> v.is(op)).toList();
        assertThat(nodes).as(op.toString()).hasSize(1);
        return nodes.get(0).type();
    }

    private static long count(Graph graph, Op op) {
        return graph.topologicalOrder().stream().filter(v -> v.is(op)).count();
    }

    /** A small network with all that matters: time features, a norm, attention, an activation, a residual, a mean. */
    private Value network() {
        Value time = t.mul(0.5).sin().matmul(weight(1, 8));
        Value h = x.matmul(weight(8, 8)).add(time);
        Value normal = Value.of(Op.LAYER_NORM, Attributes.of("axis", 1, "epsilon", 1e-5), h, weight(8), weight(8));
        Value q = normal.matmul(weight(8, 8)).reshape(1, 4, 8);
        Value attended = Value.of(Op.ATTENTION, Attributes.of("scale", 0.5), q, q, q)
                .reshape(4, 8)
                .add(h);
        Value gated = Value.of(Op.SWISH, Attributes.of("alpha", 1.0), attended);
        return gated.sub(gated.mean(true, 1)).matmul(weight(8, 3));
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "BFLOAT16"})
    void loweringPreservesTheFunctionAndItsInterface(DataType half) {
        Graph graph = Graph.of("y", network());
        Graph lowered = MixedPrecision.lower(graph, half);
        assertThat(lowered.outputs().get("y").type()).isEqualTo(DataType.FLOAT32);
        assertThat(lowered.topologicalOrder()).filteredOn(v -> v.is(Op.MATMUL)).allMatch(v -> v.type() == half);
        SameFunction.check(graph, lowered, 1e-9); // the reference backend does not round
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "BFLOAT16"})
    void wideningUndoesLowering(DataType half) {
        Graph graph = Graph.of("y", network());
        Graph lowered = MixedPrecision.lower(graph, half);
        Graph widened = Widening.widen(lowered, v -> true, data -> data.cast(DataType.FLOAT32));
        assertThat(widened.topologicalOrder()).noneMatch(v -> v.type().isHalf());
        assertThat(count(widened, Op.CAST)).isZero();
        SameFunction.check(graph, widened, 1e-9);
    }

    /** As SANA has it: 1e-15 keeps rows without a key from a quotient 0 / 0, and would be 0 in FLOAT16. */
    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "BFLOAT16"})
    void linearAttentionIsComputedInSinglePrecision(DataType half) {
        Value q = x.matmul(weight(8, 8));
        Value rectified = q.unary(Op.RELU);
        Value sums = rectified.matmul(rectified.transpose(1, 0).matmul(q.pad(0, 0, 0, 1)));
        Value guard = Value.scalar(DataType.FLOAT32, 1e-15);
        Value attended = sums.slice(1, 0, 8).div(sums.slice(1, 8, 9).add(guard));
        Graph graph = Graph.of("y", attended.matmul(weight(8, 3)));
        Graph lowered = MixedPrecision.lower(graph, half);
        assertThat(lowered.topologicalOrder())
                .filteredOn(v -> v.is(Op.MATMUL))
                .extracting(Value::type)
                .containsExactly(half, DataType.FLOAT32, DataType.FLOAT32, half);
        assertThat(typeOf(lowered, Op.RELU)).isEqualTo(DataType.FLOAT32);
        assertThat(typeOf(lowered, Op.DIV)).isEqualTo(DataType.FLOAT32);
        assertThat(lowered.topologicalOrder())
                .filteredOn(v -> v.is(Op.CONSTANT))
                .anyMatch(v -> v.type() == DataType.FLOAT32 && v.data().getDouble(0) == (double) 1e-15f);
    }

    @Test
    void emulationRoundsTheResultOfEveryComputingNode() {
        Graph lowered = lowered(x.matmul(weight(8, 8)).transpose(1, 0).tanh());
        Graph emulated = Widening.emulate(lowered, data -> data.cast(DataType.FLOAT32));
        assertThat(emulated.topologicalOrder())
                .filteredOn(v -> v.type().isHalf())
                .hasSize(3) // x, the product and the tanh; a transposition does not round
                .allMatch(v -> v.is(Op.CAST) && v.in(0).type() == DataType.FLOAT32);
        SameFunction.check(lowered, emulated, 1e-9);
    }

    @Test
    void onlyTheSelectedNodesAreWidened() {
        Graph lowered = lowered(x.matmul(weight(8, 8)).sigmoid().matmul(weight(8, 8)));
        Graph widened = Widening.widen(lowered, v -> v.is(Op.SIGMOID), data -> data.cast(DataType.FLOAT32));
        assertThat(typeOf(widened, Op.SIGMOID)).isEqualTo(DataType.FLOAT32);
        assertThat(widened.topologicalOrder())
                .filteredOn(v -> v.is(Op.MATMUL))
                .allMatch(v -> v.type() == DataType.FLOAT16);
    }

    @Test
    void wideningKeepsTheTypesOfInputsAndOutputs() {
        Value half = Value.input("h", DataType.FLOAT16, Shape.of(3));
        Graph widened =
                Widening.widen(Graph.of("y", half.mul(2).exp()), v -> true, data -> data.cast(DataType.FLOAT32));
        assertThat(widened.inputs()).containsExactly(half);
        assertThat(widened.output("y").type()).isEqualTo(DataType.FLOAT16);
        assertThat(typeOf(widened, Op.EXP)).isEqualTo(DataType.FLOAT32);
    }

    @Test
    void timestepsStayInFullPrecisionUpToTheirFirstProduct() {
        Graph graph = lowered(t.mul(0.1).sin().matmul(weight(1, 8)).sigmoid());
        assertThat(typeOf(graph, Op.SIN)).isEqualTo(DataType.FLOAT32);
        assertThat(typeOf(graph, Op.MUL)).isEqualTo(DataType.FLOAT32);
        assertThat(typeOf(graph, Op.SIGMOID)).isEqualTo(DataType.FLOAT16);
    }

    @Test
    void normalisationsAreFullPrecisionInsideOnly() {
        Value h = x.matmul(weight(8, 8));
        Value normal = Value.of(Op.LAYER_NORM, Attributes.of("axis", 1, "epsilon", 1e-12), h, weight(8), weight(8));
        Graph graph = lowered(normal.tanh());
        assertThat(typeOf(graph, Op.LAYER_NORM)).isEqualTo(DataType.FLOAT32);
        assertThat(typeOf(graph, Op.TANH)).isEqualTo(DataType.FLOAT16);
    }

    @Test
    void squaresSumsAndExponentialsAreFullPrecision() {
        Value h = x.matmul(weight(8, 8));
        Graph graph = lowered(h.square().sum(true, 1).sqrt().add(h.exp().reduceMax(true, 1)));
        for (Op op : List.of(Op.MUL, Op.REDUCE_SUM, Op.SQRT, Op.ADD, Op.EXP, Op.REDUCE_MAX)) {
            assertThat(typeOf(graph, op)).as(op.toString()).isEqualTo(DataType.FLOAT32);
        }
    }

    @Test
    void castsThereAndBackCancel() {
        Value h = x.matmul(weight(8, 8));
        Value normal = Value.of(Op.LAYER_NORM, Attributes.of("axis", 1, "epsilon", 1e-5), h, weight(8), weight(8));
        Graph graph = lowered(normal.softmax(1).matmul(weight(8, 8)));
        assertThat(count(graph, Op.CAST)).isEqualTo(4); // x, h and the softmax; the output
    }

    @Test
    void convolutionsAreFloat16ButNotBfloat16() {
        Value image = Value.input("image", DataType.FLOAT32, Shape.of(1, 2, 4, 4));
        Attributes window = Attributes.of("strides", new int[] {1, 1}, "pads", new int[] {1, 1, 1, 1})
                .with("dilations", new int[] {1, 1})
                .with("group", 1);
        Graph graph = Graph.of("y", Value.of(Op.CONV, window, image, weight(3, 2, 3, 3)));
        assertThat(typeOf(MixedPrecision.lower(graph, DataType.FLOAT16), Op.CONV))
                .isEqualTo(DataType.FLOAT16);
        assertThat(typeOf(MixedPrecision.lower(graph, DataType.BFLOAT16), Op.CONV))
                .isEqualTo(DataType.FLOAT32);
    }

    @Test
    void constantsBeyondTheRangeBecomeTheLargestNumber() {
        Value far =
                Value.constant(TensorData.floats(Shape.of(1, 4), -Float.MAX_VALUE, 1e5f, 7, Float.NEGATIVE_INFINITY));
        Value scores = x.matmul(weight(8, 4));
        double[] constant = lowered(scores.add(far)).topologicalOrder().stream()
                .filter(v -> v.is(Op.ADD))
                .findFirst()
                .orElseThrow()
                .in(1)
                .data()
                .toDoubles();
        assertThat(constant).containsExactly(-65504, 65504, 7, Double.NEGATIVE_INFINITY);
    }

    @Test
    void aComputedMaskStaysFinite() {
        Value q = x.matmul(weight(8, 8)).reshape(1, 4, 8);
        Value mask = t.reshape(1, 1, 4).sub(1).mul((double) Float.MAX_VALUE);
        Graph graph = lowered(Value.of(Op.ATTENTION, Attributes.of("scale", 1.0), q, q, q, mask));
        assertThat(count(graph, Op.CLIP)).isEqualTo(1);
        assertThat(typeOf(graph, Op.ATTENTION)).isEqualTo(DataType.FLOAT16);
    }

    @Test
    void backwardRunsInTheTypesOfForward() {
        Value adapter = Value.input("a", DataType.FLOAT32, Shape.of(8, 2));
        Value h = x.matmul(weight(8, 8));
        Graph base = lowered(h.tanh());
        Value output = base.output("y").cast(DataType.FLOAT16).matmul(adapter.cast(DataType.FLOAT16));
        Value gradient = Gradients.of(output.cast(DataType.FLOAT32).sum(), List.of(adapter))
                .get(0);
        assertThat(gradient.type()).isEqualTo(DataType.FLOAT32);
        assertThat(Graph.of(Map.of("g", gradient)).topologicalOrder())
                .filteredOn(v -> v.is(Op.MATMUL))
                .allMatch(v -> v.type() == DataType.FLOAT16);
    }

    @Test
    void nodesOfOtherTypesStayAsTheyAre() {
        Value d = Value.input("d", DataType.FLOAT64, Shape.of(2, 2));
        Graph graph = Graph.of("y", d.matmul(d));
        assertThat(MixedPrecision.lower(graph, DataType.FLOAT16).output("y")).isSameAs(graph.output("y"));
        assertThat(Precision.FLOAT32.of(graph)).isSameAs(graph);
    }

    @ParameterizedTest
    @EnumSource(
            mode = Mode.EXCLUDE,
            names = {"FLOAT16", "BFLOAT16"})
    void onlySixteenBitTypesAreLoweredTo(DataType type) {
        Graph graph = Graph.of("y", x.tanh());
        assertThatThrownBy(() -> MixedPrecision.lower(graph, type))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("got " + type);
    }

    @Test
    void everyPrecisionLowersToItsType() {
        Graph graph = Graph.of("y", x.matmul(weight(8, 8)));
        assertThat(Arrays.stream(Precision.values()).map(p -> typeOf(p.of(graph), Op.MATMUL)))
                .containsExactly(DataType.FLOAT32, DataType.FLOAT16, DataType.BFLOAT16);
    }
}
