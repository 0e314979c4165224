package dev.rlcm.rewrite.lowering;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Inputs in the place of large weights, so that graphs can be lowered without reading or computing them. Graphs that share a weight
 * share its input. Not thread-safe.
 */
public final class StandInWeights implements LoweredWeights {
    /** In bytes. Smaller constants stay, since folding them decides about the form of a graph. */
    private static final long LARGE = 1 << 16;

    private final Map<TensorData, String> names = new IdentityHashMap<>();
    private final Map<String, Value> inputs = new HashMap<>();

    /** The names of the inputs. Equal names in several graphs are one weight. */
    public Set<String> names() {
        return new HashSet<>(inputs.keySet());
    }

    /** The graph with inputs in the place of its large constants. */
    public Graph replace(Graph graph) {
        return Rewriter.rewrite(graph, value -> value.is(Op.CONSTANT) ? own(value) : value);
    }

    @Override
    public Value own(Value constant) {
        if (constant.data().bytes().remaining() < LARGE) {
            return constant;
        }
        return inputs.computeIfAbsent(name(constant.data()), n -> Value.input(n, constant.type(), constant.shape()));
    }

    @Override
    public Value derived(Value weight, Object form, Shape shape, Supplier<TensorData> data) {
        String source = weight.is(Op.CONSTANT) ? name(weight.data()) : weight.label();
        return inputs.computeIfAbsent(source + ", " + form, name -> Value.input(name, weight.type(), shape));
    }

    @Override
    public boolean isWeight(Value value) {
        return value.is(Op.CONSTANT) || inputs.get(value.label()) == value;
    }

    private String name(TensorData weight) {
        return names.computeIfAbsent(weight, data -> "weight " + names.size());
    }
}
