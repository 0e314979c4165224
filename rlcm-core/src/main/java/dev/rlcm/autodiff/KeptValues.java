package dev.rlcm.autodiff;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The values of a forward pass that stay in memory until the backward pass needs them: its inputs, small values, and
 * cuts: the values that are still to be used at a point where they take little in comparison to all that was computed
 * since the cut before. In a network of residual blocks, these are the sums that end a block, and what skips blocks.
 */
final class KeptValues {
    /** Elements up to which a value is kept anyway: embeddings of time and text, statistics. */
    private static final long SMALL = 1 << 16;

    /** How many times more elements must have been computed since the last cut than this cut keeps. */
    private static final int WORTH = 8;

    private KeptValues() {}

    static Set<Value> all(List<Value> order) {
        Set<Value> kept = Collections.newSetFromMap(new IdentityHashMap<>());
        kept.addAll(order);
        return kept;
    }

    static Set<Value> betweenBlocks(List<Value> order) {
        return betweenBlocks(order, SMALL, WORTH);
    }

    /** @param order the forward pass, operands before their users */
    static Set<Value> betweenBlocks(List<Value> order, long small, int worth) {
        Map<Value, Integer> lastUse = new IdentityHashMap<>();
        for (int i = 0; i < order.size(); i++) {
            for (Value operand : order.get(i).inputs()) {
                lastUse.put(operand, i);
            }
        }
        Set<Value> kept = Collections.newSetFromMap(new IdentityHashMap<>());
        Set<Value> live = Collections.newSetFromMap(new IdentityHashMap<>());
        long computed = 0;
        for (int i = 0; i < order.size(); i++) {
            Value value = order.get(i);
            int position = i;
            value.inputs().stream().filter(v -> lastUse.get(v) == position).forEach(live::remove);
            if (value.inputs().isEmpty() || value.shape().size() <= small) {
                kept.add(value);
                continue;
            }
            live.add(value);
            computed += value.is(Op.RESHAPE) ? 0 : value.shape().size();
            long keeps = live.stream().mapToLong(v -> v.shape().size()).sum();
            if (computed >= worth * keeps) {
                kept.addAll(live);
                live.clear();
                computed = 0;
            }
        }
        return kept;
    }
}
