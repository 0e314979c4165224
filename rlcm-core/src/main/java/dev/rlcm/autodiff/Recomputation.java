package dev.rlcm.autodiff;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rebuilds a backward pass on copies of the forward values that are not kept. The values between kept ones form segments;
 * a segment's copy begins with its operands {@link Op#AFTER} the gradient of the last node that uses the segment. So it
 * is computed when the backward pass arrives there, and is not the same expression as the original.
 */
final class Recomputation {
    private final Map<Value, Integer> positions = new IdentityHashMap<>();
    private final Map<Value, Segment> segments = new IdentityHashMap<>();
    private final Map<Value, Value> rebuilt = new IdentityHashMap<>();

    /** Values that are computed again together, once the gate is known. */
    private static final class Segment {
        private final List<Value> members = new ArrayList<>();
        private final Map<Value, Value> copies = new IdentityHashMap<>();
        private Value gate;
        private int gatePosition = -1;
    }

    /**
     * @param order the forward pass, operands before their users
     * @param kept forward values to be used as they are
     * @param gradients of the forward values that have one
     */
    Recomputation(List<Value> order, Set<Value> kept, Map<Value, Value> gradients) {
        Map<Value, List<Value>> neighbours = new IdentityHashMap<>();
        for (Value value : order) {
            positions.put(value, positions.size());
            for (Value operand : value.inputs()) {
                neighbours.computeIfAbsent(value, k -> new ArrayList<>()).add(operand);
                neighbours.computeIfAbsent(operand, k -> new ArrayList<>()).add(value);
            }
        }
        for (Value value : order) {
            if (!kept.contains(value) && !segments.containsKey(value)) {
                collect(value, kept, neighbours, gradients);
            }
        }
    }

    /** The segment of a value: everything that hangs together with it through values that are not kept. */
    private void collect(
            Value start, Set<Value> kept, Map<Value, List<Value>> neighbours, Map<Value, Value> gradients) {
        Segment segment = new Segment();
        Deque<Value> pending = new ArrayDeque<>(List.of(start));
        while (!pending.isEmpty()) {
            Value value = pending.pop();
            if (segments.putIfAbsent(value, segment) != null) {
                continue;
            }
            segment.members.add(value);
            offerGate(segment, value, gradients);
            for (Value neighbour : neighbours.getOrDefault(value, List.of())) {
                offerGate(segment, neighbour, gradients);
                if (!kept.contains(neighbour)) {
                    pending.add(neighbour);
                }
            }
        }
        segment.members.sort(Comparator.comparing(positions::get));
    }

    /** The last node that uses the segment does not come before any of its members. */
    private void offerGate(Segment segment, Value value, Map<Value, Value> gradients) {
        int position = positions.get(value);
        if (position > segment.gatePosition && gradients.containsKey(value)) {
            segment.gate = gradients.get(value);
            segment.gatePosition = position;
        }
    }

    /** A value of the backward pass, on copies. */
    Value rebuild(Value root) {
        Deque<Value> pending = new ArrayDeque<>(List.of(root));
        while (!pending.isEmpty()) {
            Value value = pending.peek();
            List<Value> missing = requirements(value).stream()
                    .filter(v -> !rebuilt.containsKey(v))
                    .toList();
            missing.forEach(pending::push);
            if (missing.isEmpty()) {
                rebuilt.computeIfAbsent(pending.pop(), this::onCopies);
            }
        }
        return rebuilt.get(root);
    }

    /** What has to be rebuilt before the value: its operands, or the gate of the segment that it is copied with. */
    private List<Value> requirements(Value value) {
        if (!positions.containsKey(value)) {
            return value.inputs();
        }
        Value gate = isCopied(value) ? segments.get(value).gate : null;
        return gate == null ? List.of() : List.of(gate);
    }

    private boolean isCopied(Value value) {
        Segment segment = segments.get(value);
        return segment != null && segment.gate != null;
    }

    private Value onCopies(Value value) {
        if (!positions.containsKey(value)) {
            return value.withInputs(value.inputs().stream().map(rebuilt::get).toList());
        }
        if (!isCopied(value)) {
            return value;
        }
        Segment segment = segments.get(value);
        if (segment.copies.isEmpty()) {
            copy(segment, rebuilt.get(segment.gate));
        }
        return segment.copies.get(value);
    }

    private static void copy(Segment segment, Value gate) {
        for (Value member : segment.members) {
            List<Value> operands = new ArrayList<>();
            for (Value operand : member.inputs()) {
                operands.add(segment.copies.computeIfAbsent(operand, x -> after(x, gate)));
            }
            segment.copies.put(member, member.withInputs(operands));
        }
    }

    private static Value after(Value operand, Value gate) {
        boolean immediate = operand.is(Op.CONSTANT) || operand.rank() == 0;
        return immediate ? operand : Value.of(Op.AFTER, Attributes.NONE, operand, gate);
    }
}
