package dev.rlcm.autodiff;

import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Collects everything that stands in the way of differentiating a graph, so that one message names it all. */
final class MissingGradients {
    private static final int NODES_SHOWN = 8;

    private final List<Value> order;
    private final Map<String, List<Value>> nodes = new LinkedHashMap<>();
    private int count;

    /**
     * None so far.
     *
     * @param order the graph, operands before their users
     */
    MissingGradients(List<Value> order) {
        this.order = order;
    }

    /** Records a node and why a gradient cannot go through it. */
    void add(Value y, String reason) {
        nodes.computeIfAbsent(y.op() + "\n" + reason, key -> new ArrayList<>()).add(y);
        count++;
    }

    /**
     * Does nothing if nothing is missing.
     *
     * @throws GraphException with a line per operator and reason: how many nodes, their labels, the first one's types and
     *     what uses it, up to an output
     */
    void report() {
        if (count == 0) {
            return;
        }
        IdentityHashMap<Value, Value> users = new IdentityHashMap<>();
        order.forEach(user -> user.inputs().forEach(x -> users.putIfAbsent(x, user)));
        throw new GraphException(nodes.entrySet().stream()
                .map(e -> line(e.getKey(), e.getValue(), users))
                .collect(Collectors.joining(
                        "\n  ",
                        "what has no gradient (" + count
                                + "); differentiate by values that come after it, or export the"
                                + " model without these operators:\n  ",
                        "")));
    }

    private static String line(String key, List<Value> same, IdentityHashMap<Value, Value> users) {
        String reason = key.substring(key.indexOf('\n') + 1);
        Value first = same.get(0);
        String others = same.stream()
                .skip(1)
                .limit(NODES_SHOWN - 1)
                .map(MissingGradients::name)
                .collect(Collectors.joining(", "));
        return first.op() + " x" + same.size() + (reason.isEmpty() ? "" : " (" + reason + ")") + ": " + first
                + ", on the path " + path(first, users)
                + (others.isEmpty() ? "" : "; also " + others)
                + (same.size() > NODES_SHOWN ? " and " + (same.size() - NODES_SHOWN) + " more" : "");
    }

    /** The node and what uses it, up to an output. */
    private static String path(Value y, IdentityHashMap<Value, Value> users) {
        List<String> names = new ArrayList<>();
        for (Value v = y; v != null; v = users.get(v)) {
            names.add(name(v));
        }
        return String.join(" > ", names);
    }

    private static String name(Value v) {
        return v.label().isEmpty() ? v.op().toString() : v.label();
    }
}
