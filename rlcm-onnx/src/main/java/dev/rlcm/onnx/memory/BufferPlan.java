package dev.rlcm.onnx.memory;

import dev.rlcm.onnx.memory.SessionStep.Form;
import dev.rlcm.onnx.memory.SessionStep.Slot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which results share a buffer, and when buffers are taken and given back, by the rules of ONNX Runtime's allocation
 * planner: views and results in place share their operand's; then a buffer that became free earlier and has the same
 * shape is used again, the latest first, and so stays taken in between.
 */
final class BufferPlan {
    /** Taking ({@code bytes} above 0) or giving back (below 0) a buffer. */
    record Event(int buffer, long bytes) {}

    private final IdentityHashMap<Slot, Slot> roots = new IdentityHashMap<>();
    private final IdentityHashMap<Slot, Integer> uses = new IdentityHashMap<>();
    private final Deque<Slot> free = new ArrayDeque<>();
    private final List<SessionStep> steps;

    private BufferPlan(List<SessionStep> steps) {
        this.steps = steps;
    }

    static List<Event> of(List<SessionStep> steps) {
        BufferPlan plan = new BufferPlan(steps);
        plan.share();
        return plan.events();
    }

    private Slot root(Slot slot) {
        return roots.getOrDefault(slot, slot);
    }

    private void share() {
        for (SessionStep step : steps) {
            step.operands().forEach(slot -> uses.merge(slot, 1, Integer::sum));
            uses.merge(step.result(), 0, Integer::sum);
        }
        for (SessionStep step : steps) {
            place(step);
            for (Slot operand : step.operands()) {
                Slot root = root(operand);
                if (!root.foreign && uses.merge(root, -1, Integer::sum) == 0) {
                    free.addFirst(root);
                }
            }
        }
    }

    private void place(SessionStep step) {
        Slot result = step.result();
        if (result.foreign) {
            return;
        }
        if (step.form() != Form.OWN) {
            Slot operand = step.operands().get(0);
            Slot root = root(operand);
            boolean last = !root.foreign && uses.getOrDefault(root, 0) == 1 && operand.replaces(result);
            if (step.form() == Form.ALIAS || last) {
                join(result, root);
                return;
            }
        }
        freed(result).ifPresent(buffer -> join(result, buffer));
    }

    private Optional<Slot> freed(Slot wanted) {
        for (Iterator<Slot> candidates = free.iterator(); candidates.hasNext(); ) {
            Slot candidate = candidates.next();
            if (candidate.replaces(wanted)) {
                candidates.remove();
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    private void join(Slot result, Slot root) {
        roots.put(result, root);
        uses.merge(root, uses.getOrDefault(result, 0), Integer::sum);
    }

    /** A buffer is taken by its first result and given back after the last step that touches it. */
    private List<Event> events() {
        IdentityHashMap<Slot, Integer> last = new IdentityHashMap<>();
        for (int i = 0; i < steps.size(); i++) {
            int now = i;
            steps.get(i).operands().forEach(slot -> last.put(root(slot), now));
            last.put(root(steps.get(i).result()), now);
        }
        Map<Integer, List<Slot>> ending = new HashMap<>();
        last.forEach((slot, step) ->
                ending.computeIfAbsent(step, s -> new ArrayList<>()).add(slot));
        IdentityHashMap<Slot, Integer> taken = new IdentityHashMap<>();
        List<Event> events = new ArrayList<>();
        int buffers = 0;
        for (int i = 0; i < steps.size(); i++) {
            SessionStep step = steps.get(i);
            Slot root = root(step.result());
            if (!root.foreign && !taken.containsKey(root)) {
                taken.put(root, buffers);
                events.add(new Event(buffers++, root.bytes()));
            }
            if (step.scratch() > 0) {
                events.add(new Event(buffers, step.scratch()));
                events.add(new Event(buffers++, -step.scratch()));
            }
            for (Slot slot : ending.getOrDefault(i, List.of())) {
                if (taken.containsKey(slot)) {
                    events.add(new Event(taken.get(slot), -slot.bytes()));
                }
            }
        }
        return events;
    }

    /** The most bytes that are taken at a time. */
    static long peak(List<Event> events) {
        long taken = 0;
        long peak = 0;
        for (Event event : events) {
            taken += event.bytes();
            peak = Math.max(peak, taken);
        }
        return peak;
    }
}
