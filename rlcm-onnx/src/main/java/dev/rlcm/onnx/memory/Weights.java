package dev.rlcm.onnx.memory;

import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.SessionWeights;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/** The values that never change in a graph: constants, inputs that stand for weights, and results of these alone. */
final class Weights {
    private final Set<Value> fixed;
    private final List<Value> used;
    private final Set<Value> packable;
    private final OrtOptions options;
    private final boolean fed;

    private Weights(Set<Value> fixed, List<Value> used, Set<Value> packable, OrtOptions options) {
        this.fixed = fixed;
        this.used = used;
        this.packable = packable;
        this.options = options;
        long bytes = used.stream().mapToLong(Weights::bytes).sum();
        this.fed = SessionWeights.feeds(options.memory(), bytes);
    }

    /** @param weightInputs names of inputs that stand for weights */
    static Weights of(Graph graph, Set<String> weightInputs, OrtOptions options) {
        Set<Value> fixed = Collections.newSetFromMap(new IdentityHashMap<>());
        Set<Value> used = Collections.newSetFromMap(new IdentityHashMap<>());
        Set<Value> packable = Collections.newSetFromMap(new IdentityHashMap<>());
        List<Value> order = graph.topologicalOrder();
        for (Value value : order) {
            boolean constant = value.is(Op.INPUT)
                    ? weightInputs.contains(value.label())
                    : value.is(Op.CONSTANT) || fixed.containsAll(value.inputs());
            if (constant) {
                fixed.add(value);
            } else {
                value.inputs().stream().filter(fixed::contains).forEach(used::add);
                if (SessionWeights.isPacked(value) && fixed.contains(value.in(1))) {
                    packable.add(value.in(1));
                }
            }
        }
        graph.outputs().values().stream().filter(fixed::contains).forEach(used::add);
        return new Weights(fixed, order.stream().filter(used::contains).toList(), packable, options);
    }

    boolean contains(Value value) {
        return fixed.contains(value);
    }

    /** The weights that other nodes read, in topological order. A runtime folds the rest away. */
    List<Value> used() {
        return used;
    }

    /** What a session holds of a weight besides the weight itself. */
    long copied(Value weight) {
        boolean stays = fed
                && bytes(weight) > SessionWeights.INLINE_BYTES
                && (options.memory() != MemoryPolicy.FAST || !packable.contains(weight));
        return stays ? 0 : bytes(weight);
    }

    /** Whether ONNX Runtime runs this in blocked layout (NCHWc), for which it keeps the weights once more. */
    boolean runsBlocked(Value value) {
        return !fed
                && options.optimization() == OrtOptions.Optimization.ALL
                && value.is(Op.CONV)
                && value.rank() == 4
                && value.type() == DataType.FLOAT32
                && fixed.contains(value.in(1))
                && value.attributes().integer("group") == 1;
    }

    static long bytes(Value value) {
        return value.shape().size() * value.type().bytes();
    }
}
