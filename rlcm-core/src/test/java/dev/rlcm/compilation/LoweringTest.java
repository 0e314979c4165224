package dev.rlcm.compilation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.backend.AttentionForms;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.SameFunction;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class LoweringTest {
    private static final Attributes CONVOLUTION = Attributes.of(
                    "strides", new int[] {1, 1}, "pads", new int[] {1, 1, 1, 1})
            .with("dilations", new int[] {1, 1})
            .with("group", 1);

    private final Value x = input("x", 2, 3, 4, 4);
    private final Value down = input("down", 16, 2);
    private final Value up = input("up", 2, 16);

    private static Value input(String name, int... dims) {
        return Value.input(name, DataType.FLOAT64, Shape.of(dims));
    }

    private static Value weight(int... dims) {
        return Value.constant(TensorData.generate(DataType.FLOAT64, Shape.of(dims), i -> Math.sin(i)));
    }

    /** A residual block with a norm, a convolution and an adapted product; something of all that the stages rewrite. */
    private Map<String, Value> expression() {
        Value hidden = Value.of(Op.CONV, CONVOLUTION, x, weight(3, 3, 3, 3)).reshape(2, 3, 16);
        Value adapted = hidden.matmul(weight(16, 16)).add(hidden.matmul(down).matmul(up));
        Value normal =
                Value.of(Op.LAYER_NORM, Attributes.of("axis", 2, "epsilon", 1e-5), adapted, weight(16), weight(16));
        Value end = Value.of(Op.CONV, CONVOLUTION, normal.reshape(2, 3, 4, 4).add(x), weight(3, 3, 3, 3));
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("loss", end.square().mean());
        outputs.put("end", end);
        return outputs;
    }

    private static Map<String, Value> upstream(Map<String, Value> expression) {
        return Map.of("loss", expression.get("loss").like(1));
    }

    @ParameterizedTest
    @EnumSource(MemoryPolicy.class)
    void anUpdateIsTheExpressionWithItsGradientsWhateverTheMemory(MemoryPolicy memory) {
        Map<String, Value> expression = expression();
        Map<String, Value> plain = new LinkedHashMap<>(expression);
        List<Value> gradients = Gradients.of(expression.get("loss"), List.of(x, down, up));
        plain.put("dx", gradients.get(0));
        plain.put("ddown", gradients.get(1));
        plain.put("dup", gradients.get(2));

        Graph update = Lowering.of(memory)
                .update(Graph.of(expression), upstream(expression), Map.of("dup", up, "dx", x, "ddown", down));

        SameFunction.check(Graph.of(plain), update, 1e-9);
    }

    /** In one piece or in parts, and its gradients by slices of whatever size. */
    @ParameterizedTest
    @CsvSource({"true, 7", "true, 1000", "false, 7", "false, 1000"})
    void gradientsOfAttentionAreTheSameInEveryForm(boolean fused, long slice) {
        Value q = input("q", 2, 3, 5, 4);
        Value k = input("k", 2, 3, 6, 4);
        Value v = input("v", 2, 3, 6, 4);
        Value y = Value.of(Op.ATTENTION, Attributes.of("scale", 0.5), q, k, v);
        Value loss = y.square().mean();
        List<Value> gradients = Gradients.of(loss, List.of(q, k, v));
        Map<String, Value> plain = new LinkedHashMap<>(
                Map.of("loss", loss, "dq", gradients.get(0), "dk", gradients.get(1), "dv", gradients.get(2)));
        Graph update = Lowering.of(MemoryPolicy.FAST)
                .withAttention(new AttentionForms(fused, OptionalLong.of(slice)))
                .update(Graph.of("loss", loss), Map.of("loss", loss.like(1)), Map.of("dq", q, "dk", k, "dv", v));

        SameFunction.check(Graph.of(plain), update, 1e-9);
        assertThat(update.topologicalOrder().stream().anyMatch(value -> value.is(Op.ATTENTION)))
                .isEqualTo(fused || slice == 7);
        assertThat(update.topologicalOrder().stream()
                                .filter(value -> value.is(Op.SOFTMAX))
                                .count()
                        > 1)
                .isEqualTo(slice == 7);
    }

    @Test
    void anAdaptedLayerAndAGatedOneAreTheSameFunctionOfTheSameInputs() {
        Value rows = input("x", 2, 5, 6);
        Value update = rows.matmul(input("down", 6, 2)).matmul(input("up", 2, 4));
        Value adapted = rows.matmul(weight(6, 4)).add(update);
        Value wide = adapted.matmul(weight(4, 8));
        Graph graph = Graph.of("y", wide.slice(2, 0, 4).mul(wide.slice(2, 4, 8).tanh()));
        Graph fewer = Lowering.of(MemoryPolicy.FAST).forward(graph);

        assertThat(fewer.topologicalOrder()).noneMatch(value -> value.is(Op.SLICE));
        assertThat(fewer.topologicalOrder().stream().filter(value -> value.is(Op.MATMUL) && value.rank() == 3))
                .as("x W, and a product for each half")
                .hasSize(3);
        assertThat(fewer.inputs()).isEqualTo(graph.inputs());
        SameFunction.check(graph, fewer, 1e-9);
    }

    @Test
    void smallMemoryKeepsCompositesAndTransposedConvolutions() {
        Map<String, Value> expression = expression();
        Map<MemoryPolicy, Graph> updates = new HashMap<>();
        for (MemoryPolicy memory : MemoryPolicy.values()) {
            updates.put(
                    memory, Lowering.of(memory).update(Graph.of(expression), upstream(expression), Map.of("dx", x)));
        }
        assertThat(updates.get(MemoryPolicy.SMALL).topologicalOrder())
                .anyMatch(value -> value.is(Op.CONV_TRANSPOSE))
                .anyMatch(value -> value.is(Op.LAYER_NORM));
        assertThat(updates.get(MemoryPolicy.FAST).topologicalOrder())
                .noneMatch(value -> value.is(Op.CONV_TRANSPOSE))
                .noneMatch(value -> value.is(Op.LAYER_NORM));
    }

    @Test
    void standInsForWeightsChangeNothingElse() {
        Map<String, Value> expression = expression();
        Graph joint = Lowering.of(MemoryPolicy.FAST).joint(Graph.of(expression), upstream(expression), Map.of("dx", x));
        Graph real = Lowering.of(MemoryPolicy.FAST).lower(joint);
        Graph standing =
                Lowering.of(MemoryPolicy.FAST).withWeights(new Standing()).lower(joint);

        assertThat(standing.topologicalOrder().stream().filter(value -> value.is(Op.CONSTANT)))
                .extracting(Value::shape)
                .doesNotContain(Shape.of(3, 3, 3, 3), Shape.of(16, 16));
        assertThat(kinds(standing)).isEqualTo(kinds(real));
    }

    /** The number of nodes of each operator that computes something. */
    private static Map<Op, Integer> kinds(Graph graph) {
        Map<Op, Integer> kinds = new HashMap<>();
        graph.topologicalOrder().stream()
                .filter(value -> !value.inputs().isEmpty())
                .forEach(value -> kinds.merge(value.op(), 1, Integer::sum));
        return kinds;
    }

    /** Inputs in the place of kernels and matrices. */
    private static final class Standing implements LoweredWeights {
        private final Map<Value, Value> inputs = new HashMap<>();

        @Override
        public Value own(Value constant) {
            return constant.rank() < 2 ? constant : inputs.computeIfAbsent(constant, c -> next(c.shape()));
        }

        @Override
        public Value derived(Value weight, Object form, Shape shape, Supplier<TensorData> data) {
            Value input = next(shape);
            inputs.put(input, input);
            return input;
        }

        private Value next(Shape shape) {
            return Value.input("weight " + inputs.size(), DataType.FLOAT64, shape);
        }
    }

    @Test
    void aGradientCannotTakeTheNameOfAnOutput() {
        Map<String, Value> expression = expression();
        assertThatThrownBy(() -> Lowering.of(MemoryPolicy.FAST)
                        .joint(Graph.of(expression), upstream(expression), Map.of("end", x)))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("already has an output named end");
    }
}
