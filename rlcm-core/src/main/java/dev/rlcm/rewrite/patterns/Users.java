package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/** Who uses which value of a graph. */
final class Users {
    private final IdentityHashMap<Value, List<Value>> users = new IdentityHashMap<>();
    private final Set<Value> outputs = identitySet();

    private Users() {}

    static Users of(Graph graph) {
        Users result = new Users();
        for (Value user : graph.topologicalOrder()) {
            for (Value operand : user.inputs()) {
                result.users
                        .computeIfAbsent(operand, unused -> new ArrayList<>())
                        .add(user);
            }
        }
        result.outputs.addAll(graph.outputs().values());
        return result;
    }

    /** Whether the value is one operand of one node and no output. */
    boolean single(Value value) {
        return !outputs.contains(value) && of(value).size() == 1;
    }

    /** Whether all that lies between the leaves and the root, constants aside, serves the root only. */
    boolean enclosed(Value root, Collection<Value> leaves) {
        Set<Value> stop = identitySet();
        stop.addAll(leaves);
        Set<Value> inside = identitySet();
        Deque<Value> open = new ArrayDeque<>(List.of(root));
        while (!open.isEmpty()) {
            Value value = open.pop();
            if (!stop.contains(value) && !value.is(Op.CONSTANT) && inside.add(value)) {
                open.addAll(value.inputs());
            }
        }
        return inside.stream()
                .allMatch(value -> value == root || (!outputs.contains(value) && inside.containsAll(of(value))));
    }

    private List<Value> of(Value value) {
        return users.getOrDefault(value, List.of());
    }

    private static Set<Value> identitySet() {
        return Collections.newSetFromMap(new IdentityHashMap<>());
    }
}
