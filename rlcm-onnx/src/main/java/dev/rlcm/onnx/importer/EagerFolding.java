package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.folding.ConstantFolding;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Folds values as they are made, whole compositions at a time. What has been folded before is not walked again, so an
 * import stays linear in the number of nodes.
 */
final class EagerFolding {
    private final IdentityHashMap<Value, Value> folded = new IdentityHashMap<>();
    private final Set<Value> kept = Collections.newSetFromMap(new IdentityHashMap<>());

    /** From now on the constant's users stay what they are. */
    void keep(Value constant) {
        kept.add(constant);
    }

    /** The value with everything it is made of folded. */
    Value fold(Value root) {
        Deque<Value> stack = new ArrayDeque<>(List.of(root));
        while (!stack.isEmpty()) {
            Value value = stack.peek();
            List<Value> open =
                    value.inputs().stream().filter(v -> !folded.containsKey(v)).toList();
            if (folded.containsKey(value) || open.isEmpty()) {
                stack.pop();
                folded.computeIfAbsent(value, this::rebuilt);
            } else {
                open.forEach(stack::push);
            }
        }
        Value result = folded.get(root);
        folded.put(result, result);
        return result;
    }

    private Value rebuilt(Value value) {
        List<Value> inputs = value.inputs().stream().map(folded::get).toList();
        Value rebuilt = value.withInputs(inputs);
        return inputs.stream().anyMatch(kept::contains) ? rebuilt : ConstantFolding.fold(rebuilt);
    }
}
