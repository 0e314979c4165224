package dev.rlcm.rewrite.lowering;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Composite operators written out in simpler ones, for a backend that lacks them: the inverse of {@link RaisePatterns}.
 * The node that yields the composite's result keeps its label. Stateless and thread-safe.
 */
public final class Decompositions {
    private static final Map<Op, UnaryOperator<Value>> TABLE = new EnumMap<>(Map.of(
            Op.GELU, Decompositions::gelu,
            Op.SWISH, Decompositions::swish,
            Op.SOFTPLUS, Decompositions::softplus,
            Op.LOG_SOFTMAX, Decompositions::logSoftmax,
            Op.INSTANCE_NORM, Decompositions::instanceNorm,
            Op.GROUP_NORM, Decompositions::groupNorm,
            Op.LAYER_NORM, Decompositions::layerNorm,
            Op.ATTENTION, Decompositions::attention));

    private Decompositions() {}

    /** The operators that can be decomposed. */
    public static Set<Op> supported() {
        return Collections.unmodifiableSet(TABLE.keySet());
    }

    /**
     * The same function without the given operators. A group norm becomes an instance norm, which is decomposed in turn
     * if it is asked for too.
     *
     * @param ops a subset of {@link #supported()}
     * @throws IllegalArgumentException if an operator has no decomposition
     */
    public static Graph decompose(Graph graph, Set<Op> ops) {
        for (Op op : ops) {
            if (!TABLE.containsKey(op)) {
                throw new IllegalArgumentException("cannot decompose " + op + ", only " + TABLE.keySet());
            }
        }
        return decompose(graph, value -> ops.contains(value.op()));
    }

    /**
     * The same function without those composites that the condition selects; values of operators that have no
     * decomposition stay whatever it says.
     */
    public static Graph decompose(Graph graph, Predicate<Value> condition) {
        Predicate<Value> selected = condition.and(value -> TABLE.containsKey(value.op()));
        Graph result = graph;
        while (result.topologicalOrder().stream().anyMatch(selected)) {
            result = Rewriter.rewrite(result, value -> selected.test(value) ? simpler(value) : value);
        }
        return result;
    }

    private static Value simpler(Value composite) {
        Value result = TABLE.get(composite.op()).apply(composite);
        return Value.of(result.op(), result.attributes(), result.inputs(), composite.label());
    }

    /** arXiv:1606.08415: x/2 (1 + erf(x / sqrt 2)), or its tanh approximation. */
    private static Value gelu(Value y) {
        Value x = y.in(0);
        Value gate = y.attributes().text("approximate").equals("tanh")
                ? x.add(x.mul(x).mul(x).mul(0.044715))
                        .mul(Math.sqrt(2 / Math.PI))
                        .tanh()
                : x.div(Math.sqrt(2)).erf();
        return x.mul(gate.add(1)).mul(0.5);
    }

    private static Value swish(Value y) {
        Value x = y.in(0);
        double alpha = y.attributes().real("alpha");
        return x.mul((alpha == 1 ? x : x.mul(alpha)).sigmoid());
    }

    /** max(x, 0) + log(1 + exp(-|x|)), which does not overflow. */
    private static Value softplus(Value y) {
        Value x = y.in(0);
        return x.unary(Op.RELU).add(x.abs().neg().exp().add(1).log());
    }

    /** z - log sum exp z with z = x - max x. */
    private static Value logSoftmax(Value y) {
        int axis = y.attributes().integer("axis");
        Value z = y.in(0).sub(y.in(0).reduceMax(true, axis));
        return z.sub(z.exp().sum(true, axis).log());
    }

    private static Value instanceNorm(Value y) {
        Value x = standardised(y.in(0), 2, y.attributes().real("epsilon"));
        return x.mul(perChannel(y.in(1), y.rank())).add(perChannel(y.in(2), y.rank()));
    }

    /** The instance norm of the groups' elements in a row, [B, groups, L], then the affine map of the channels. */
    private static Value groupNorm(Value y) {
        Value x = y.in(0);
        int groups = y.attributes().integer("groups");
        int length = Math.toIntExact(x.shape().size() / ((long) x.dim(0) * groups));
        Attributes epsilon = Attributes.of("epsilon", y.attributes().real("epsilon"));
        Value ones = filled(x, groups, 1);
        Value zeros = filled(x, groups, 0);
        Value normal = Value.of(Op.INSTANCE_NORM, epsilon, x.reshape(x.dim(0), groups, length), ones, zeros);
        return normal.reshape(x.shape()).mul(perChannel(y.in(1), y.rank())).add(perChannel(y.in(2), y.rank()));
    }

    private static Value layerNorm(Value y) {
        int axis = y.attributes().integer("axis");
        Value scaled =
                standardised(y.in(0), axis, y.attributes().real("epsilon")).mul(y.in(1));
        return y.inputs().size() == 3 ? scaled.add(y.in(2)) : scaled;
    }

    /** The queries are scaled, not the scores: L D products instead of L S, and less to overflow in half precision. */
    private static Value attention(Value y) {
        double scale = y.attributes().real("scale");
        Value q = scale == 1 ? y.in(0) : y.in(0).mul(scale);
        Value scores = q.matmul(y.in(1), false, true);
        Value masked = y.inputs().size() == 4 ? scores.add(y.in(3)) : scores;
        return masked.softmax(-1).matmul(y.in(2));
    }

    /**
     * (x - mean) / sqrt(variance + epsilon) over the axes from the given one on; the variance is the population's. Spelled
     * as in the gradients of the norms, so that common subexpressions are found.
     */
    private static Value standardised(Value x, int axis, double epsilon) {
        int[] axes = IntStream.range(axis, x.rank()).toArray();
        Value centred = x.sub(x.mean(true, axes));
        Value variance = centred.square().mean(true, axes);
        return centred.div(variance.add(epsilon).sqrt());
    }

    /** A [C] parameter as [C, 1, ...], to broadcast to [B, C, ...] of the rank. */
    private static Value perChannel(Value parameter, int rank) {
        int[] dims = new int[rank - 1];
        Arrays.fill(dims, 1);
        dims[0] = parameter.dim(0);
        return parameter.is(Op.CONSTANT)
                ? Value.constant(parameter.data().reshape(Shape.of(dims)), parameter.label())
                : parameter.reshape(dims);
    }

    private static Value filled(Value like, int length, double number) {
        return Value.constant(TensorData.generate(like.type(), Shape.of(length), i -> number));
    }
}
