package dev.rlcm.rewrite.lowering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.SameFunction;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class DecompositionsTest {
    private static final double TOLERANCE = 1e-12;

    static Value input(String name, int... dims) {
        return Value.input(name, DataType.FLOAT64, Shape.of(dims));
    }

    static Value channelNorm(Op op, Attributes attributes, Value x) {
        List<Value> operands = List.of(x, input("scale", x.dim(1)), input("bias", x.dim(1)));
        return Value.of(op, attributes, operands, "/norm");
    }

    @Property(tries = 30)
    void elementwiseOperatorsKeepTheirValues(@ForAll @IntRange(min = 1, max = 9) int length) {
        Value x = input("x", length, 3);
        decomposes(Value.of(Op.GELU, Attributes.of("approximate", "none"), List.of(x), "/act"));
        decomposes(Value.of(Op.GELU, Attributes.of("approximate", "tanh"), List.of(x), "/act"));
        decomposes(Value.of(Op.SWISH, Attributes.of("alpha", 1.0), List.of(x), "/act"));
        decomposes(Value.of(Op.SWISH, Attributes.of("alpha", 1.702), List.of(x), "/act"));
        decomposes(Value.of(Op.SOFTPLUS, Attributes.NONE, List.of(x), "/act"));
        decomposes(Value.of(Op.SOFTPLUS, Attributes.NONE, List.of(x.mul(1e4)), "/act"));
    }

    @Property(tries = 30)
    void logSoftmaxKeepsItsValues(
            @ForAll @IntRange(min = 0, max = 2) int axis, @ForAll @IntRange(min = 1, max = 5) int extent) {
        Value x = input("x", 2, extent, 3).mul(1e3);
        decomposes(Value.of(Op.LOG_SOFTMAX, Attributes.of("axis", axis), List.of(x), "/p"));
    }

    @Property(tries = 40)
    void channelNormsKeepTheirValues(
            @ForAll @IntRange(min = 1, max = 3) int batch,
            @ForAll @IntRange(min = 1, max = 3) int groups,
            @ForAll @IntRange(min = 1, max = 3) int width,
            @ForAll @IntRange(min = 1, max = 3) int spatialRank) {
        int[] dims = {batch, groups * width, 4, 2, 3};
        Value x = input("x", Arrays.copyOf(dims, 2 + spatialRank));
        Attributes epsilon = Attributes.of("epsilon", 1e-3);
        decomposes(channelNorm(Op.INSTANCE_NORM, epsilon, x));
        decomposes(channelNorm(Op.GROUP_NORM, epsilon.with("groups", groups), x));
    }

    @Property(tries = 40)
    void layerNormKeepsItsValues(@ForAll @IntRange(min = 0, max = 2) int axis, @ForAll boolean biased) {
        Value x = input("x", 2, 3, 4);
        List<Value> operands = biased ? List.of(x, input("scale", 4), input("bias", 4)) : List.of(x, input("scale", 4));
        decomposes(Value.of(Op.LAYER_NORM, Attributes.of("axis", axis, "epsilon", 1e-5), operands, "/norm"));
    }

    @Property(tries = 40)
    void attentionKeepsItsValues(
            @ForAll @IntRange(min = 1, max = 4) int queries,
            @ForAll @IntRange(min = 1, max = 4) int keys,
            @ForAll boolean masked,
            @ForAll long seed) {
        Value q = input("q", 2, 3, queries, 5);
        Value k = input("k", 2, 3, keys, 5);
        Value v = input("v", 2, 3, keys, 2);
        Value mask = input("mask", 2, 1, 1, keys);
        List<Value> operands = masked ? List.of(q, k, v, mask) : List.of(q, k, v);
        double scale = new Random(seed).nextDouble();
        decomposes(Value.of(Op.ATTENTION, Attributes.of("scale", scale), operands, "/attn"));
    }

    @Test
    void groupNormIsAnInstanceNormOfTheGroups() {
        Value norm =
                channelNorm(Op.GROUP_NORM, Attributes.of("epsilon", 1e-5).with("groups", 2), input("x", 3, 4, 5, 5));
        Graph graph = Decompositions.decompose(Graph.of("y", norm), Set.of(Op.GROUP_NORM));
        Value instanceNorm = graph.topologicalOrder().stream()
                .filter(value -> value.is(Op.INSTANCE_NORM))
                .findFirst()
                .orElseThrow();
        assertThat(instanceNorm.shape()).isEqualTo(Shape.of(3, 2, 50));
        assertThat(instanceNorm.attributes()).isEqualTo(Attributes.of("epsilon", 1e-5));
    }

    @Test
    void operatorsThatAreNotAskedForStay() {
        Value swish = Value.of(Op.SWISH, Attributes.of("alpha", 1.0), input("x", 3));
        Graph graph = Graph.of("y", swish);
        assertThat(Decompositions.decompose(graph, Set.of(Op.GELU)).output("y")).isSameAs(swish);
    }

    @Test
    void aConditionChoosesAmongCompositesAndPassesOverTheRest() {
        Value x = input("x", 3);
        Value small = Value.of(Op.SOFTPLUS, Attributes.NONE, x);
        Value large = Value.of(Op.SOFTPLUS, Attributes.NONE, input("z", 7)).exp();
        Graph graph = Graph.of(Map.of("small", small, "large", large));
        Graph simple = Decompositions.decompose(graph, value -> value.shape().size() < 5);
        assertThat(simple.output("large")).isSameAs(large);
        assertThat(simple.topologicalOrder().stream().filter(value -> value.is(Op.SOFTPLUS)))
                .hasSize(1);
        SameFunction.check(graph, simple, TOLERANCE);
    }

    @Test
    void anOperatorWithoutDecompositionIsNamed() {
        Graph graph = Graph.of("y", input("x", 3).exp());
        assertThatThrownBy(() -> Decompositions.decompose(graph, Set.of(Op.CONV)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot decompose CONV");
    }

    private static void decomposes(Value composite) {
        Graph graph = Graph.of("y", composite);
        Graph simple = Decompositions.decompose(graph, Decompositions.supported());
        assertThat(simple.topologicalOrder())
                .noneMatch(v -> Decompositions.supported().contains(v.op()));
        assertThat(simple.output("y").label()).isEqualTo(composite.label());
        SameFunction.check(graph, simple, TOLERANCE);
    }
}
