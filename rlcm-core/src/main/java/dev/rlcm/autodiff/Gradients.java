package dev.rlcm.autodiff;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Reverse-mode differentiation: extends a graph by the gradients of some of its values. Gradients are ordinary values,
 * so they can be differentiated again. Visits only the nodes between the outputs and what they are differentiated by,
 * in an order that depends on the graph alone. Stateless and thread-safe.
 */
public final class Gradients {
    /** Scores of an attention whose gradients are computed at a time by default: what suits the caches of CPUs. */
    public static final long ATTENTION_SLICE = AttentionGradients.SLICE;

    private final GradientTable table;
    private final List<Value> order;
    private final Set<Value> needed = Collections.newSetFromMap(new IdentityHashMap<>());
    private final IdentityHashMap<Value, Value> gradients = new IdentityHashMap<>();

    private Gradients(GradientTable table, List<Value> outputs, List<Value> wrt) {
        this.table = table;
        this.order = Graph.topologicalOrder(outputs);
        needed.addAll(wrt);
        for (Value value : order) {
            boolean carries = value.type().isFloating() && !table.isConstant(value.op());
            if (carries && value.inputs().stream().anyMatch(needed::contains)) {
                needed.add(value);
            }
        }
    }

    /**
     * The gradients of a loss.
     *
     * @param loss one element, real
     * @param wrt what to differentiate by: inputs or any other real values
     * @return for each of {@code wrt} d(loss)/d(value), of the value's type and shape; a constant of zeros if the loss
     *     does not depend on it
     * @throws IllegalArgumentException if the loss is not a single real number or a value of {@code wrt} is not real
     * @throws GraphException if there is an operator without gradient on the way; the message lists all of them
     */
    public static List<Value> of(Value loss, List<Value> wrt) {
        return of(loss, wrt, RecomputationPolicy.none());
    }

    /** As {@link #of(Value, List)}, with a choice of what is kept for the backward pass. */
    public static List<Value> of(Value loss, List<Value> wrt, RecomputationPolicy recomputed) {
        require(loss.shape().size() == 1, "a loss must have one element", loss);
        require(loss.type().isFloating(), "a loss must be real", loss);
        return of(List.of(loss), List.of(loss.like(1).expand(loss.shape())), wrt, recomputed);
    }

    /**
     * The gradients of sum(output upstream) over all outputs: a product of a vector and the Jacobian.
     *
     * @param upstream one value per output, of its type and shape
     * @return as in {@link #of(Value, List)}
     */
    public static List<Value> of(List<Value> outputs, List<Value> upstream, List<Value> wrt) {
        return of(outputs, upstream, wrt, RecomputationPolicy.none());
    }

    /**
     * As {@link #of(List, List, List)}.
     *
     * @param recomputed which values of the forward pass the gradients compute again, rather than refer to
     */
    public static List<Value> of(
            List<Value> outputs, List<Value> upstream, List<Value> wrt, RecomputationPolicy recomputed) {
        return of(GradientRules.TABLE, outputs, upstream, wrt, recomputed);
    }

    /**
     * As {@link #of(List, List, List, RecomputationPolicy)}.
     *
     * @param attentionSlice scores of an attention, in elements, whose gradients are computed at a time where there are more than
     *     twice as many; of heads of up to 32 features, whose products wait for memory, a quarter
     */
    public static List<Value> of(
            List<Value> outputs,
            List<Value> upstream,
            List<Value> wrt,
            RecomputationPolicy recomputed,
            long attentionSlice) {
        GradientTable table = GradientRules.TABLE.with(Op.ATTENTION, AttentionGradients.rule(attentionSlice));
        return of(table, outputs, upstream, wrt, recomputed);
    }

    /**
     * Whether a composite operator is best written out in the forward pass, so that its intermediate values serve the
     * gradients too. For normalisations that costs no memory, since the normalised rows are kept in place of the operand;
     * the probabilities of attention are computed again, slice by slice, where they are large.
     */
    public static boolean shareForward(Value composite, long attentionSlice) {
        return switch (composite.op()) {
            case LAYER_NORM, GROUP_NORM, INSTANCE_NORM -> true;
            case ATTENTION -> !AttentionGradients.isSliced(composite, attentionSlice);
            default -> false;
        };
    }

    static List<Value> of(GradientTable table, List<Value> outputs, List<Value> upstream, List<Value> wrt) {
        return of(table, outputs, upstream, wrt, RecomputationPolicy.none());
    }

    private static List<Value> of(
            GradientTable table,
            List<Value> outputs,
            List<Value> upstream,
            List<Value> wrt,
            RecomputationPolicy recomputed) {
        if (outputs.size() != upstream.size()) {
            throw new IllegalArgumentException(
                    "needs one upstream gradient per output, got " + upstream.size() + " for " + outputs.size());
        }
        wrt.forEach(value -> require(value.type().isFloating(), "cannot differentiate by integers or booleans", value));
        for (int i = 0; i < outputs.size(); i++) {
            Value output = outputs.get(i);
            require(output.type().isFloating(), "cannot differentiate integers or booleans", output);
            boolean fits = upstream.get(i).type() == output.type()
                    && upstream.get(i).shape().equals(output.shape());
            require(fits, "the upstream gradient must be like the output " + output + ", got", upstream.get(i));
        }
        return new Gradients(table, outputs, wrt).walk(outputs, upstream, wrt, recomputed);
    }

    private List<Value> walk(
            List<Value> outputs, List<Value> upstream, List<Value> wrt, RecomputationPolicy recomputed) {
        checkRules();
        for (int i = 0; i < outputs.size(); i++) {
            gradients.merge(outputs.get(i), upstream.get(i), Value::add);
        }
        for (int i = order.size() - 1; i >= 0; i--) {
            Value y = order.get(i);
            Value g = gradients.computeIfPresent(y, (value, partial) -> partial.expand(value.shape()));
            if (g != null && isInner(y)) {
                propagate(y, table.rule(y.op()).orElseThrow().apply(y, g));
            }
        }
        List<Value> results = wrt.stream().map(this::gradient).toList();
        Recomputation recomputation = new Recomputation(order, recomputed.kept(order), gradients);
        return results.stream().map(recomputation::rebuild).toList();
    }

    /** Whether a gradient has to go through the node. */
    private boolean isInner(Value y) {
        return needed.contains(y)
                && !table.isConstant(y.op())
                && y.inputs().stream().anyMatch(needed::contains);
    }

    private void propagate(Value y, List<Value> contributions) {
        List<Value> operands =
                y.inputs().stream().filter(x -> x.type().isFloating()).toList();
        for (int i = 0; i < operands.size(); i++) {
            Value x = operands.get(i);
            if (needed.contains(x)) {
                gradients.merge(x, sumTo(contributions.get(i), x.shape(), y), Value::add);
            }
        }
    }

    private Value gradient(Value value) {
        Value gradient = gradients.get(value);
        return gradient != null ? gradient : Value.constant(TensorData.zeros(value.type(), value.shape()));
    }

    /**
     * Undoes broadcasting: what was copied along an axis gets the sum over it. An axis along which the gradient itself
     * is constant keeps extent 1, and stretches when it is added to others.
     */
    private static Value sumTo(Value gradient, Shape shape, Value y) {
        int extra = gradient.rank() - shape.rank();
        int[] dims = shape.toArray();
        boolean fits = extra >= 0;
        for (int i = 0; i < dims.length && fits; i++) {
            int extent = gradient.dim(i + extra);
            fits = extent == dims[i] || extent == 1 || dims[i] == 1;
            dims[i] = extent == 1 ? 1 : dims[i];
        }
        if (!fits) {
            throw new GraphException("the gradient rule of " + y + " gave " + gradient.shape() + " for " + shape);
        }
        int[] copied = IntStream.range(0, gradient.rank())
                .filter(i -> i < extra || (dims[i - extra] == 1 && gradient.dim(i) != 1))
                .toArray();
        return gradient.sum(false, copied).reshape(dims);
    }

    private void checkRules() {
        MissingGradients missing = new MissingGradients(order);
        for (Value y : order) {
            if (isInner(y)) {
                table.obstacle(y).ifPresent(reason -> missing.add(y, reason));
            }
        }
        missing.report();
    }

    private static void require(boolean condition, String message, Value value) {
        if (!condition) {
            throw new IllegalArgumentException(
                    message + ": " + (value.is(Op.INPUT) ? value.label() + " " : "") + value);
        }
    }
}
