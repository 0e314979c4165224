package dev.rlcm.rewrite.convolution;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Which convolutions of a graph are computed by {@link MinimalFiltering}, and in which form. The choice is made for one row,
 * so that a sampler and a trainer of other batches compute the same numbers, and from shapes and stated constants alone, so that
 * every machine makes the same one. Only FLOAT32 is rewritten: in 16 bits the transforms would lose too much. Immutable.
 */
public final class FilteringPlan {
    private final Graph graph;
    private final Use use;
    private final List<Value> candidates;
    private final Map<Value, FilteredForm> chosen;

    /** What a graph is made for. */
    public enum Use {
        /** To be run forward only. Long lines are cut into blocks. */
        INFERENCE,
        /** To be differentiated too. Lines stay whole, since the gradient of many overlapping blocks is slow. */
        GRADIENTS;

        /** Copies of a weight for all directions, where each wants its own. */
        private int directions() {
            return this == GRADIENTS ? 2 : 1;
        }

        private int longest() {
            return this == GRADIENTS ? Integer.MAX_VALUE : MinimalFiltering.BLOCK;
        }
    }

    /**
     * Bytes that transformed kernels may take beyond direct ones.
     *
     * @param share of the bytes of all kernels that could be transformed, at least 0
     * @param least bytes that are hardly noticed beside those of a process, and may be spent whatever the kernels take
     */
    public record Budget(double share, long least) {
        private double bytes(long kernels) {
            return Math.max(share * kernels, (double) least);
        }
    }

    private FilteringPlan(Graph graph, Use use, List<Value> candidates, Map<Value, FilteredForm> chosen) {
        this.graph = graph;
        this.use = use;
        this.candidates = candidates;
        this.chosen = chosen;
    }

    /** All convolutions stay as they are. */
    public static FilteringPlan direct(Graph graph, Use use) {
        return new FilteringPlan(graph, use, candidates(graph), Map.of());
    }

    /**
     * Transforms every convolution that can be: after upsampling in its own form, else in tiles of 4x4, many with channels
     * last, few with channels first.
     */
    public static FilteringPlan everywhere(Graph graph, Use use) {
        List<Value> candidates = candidates(graph);
        Map<Value, FilteredForm> chosen = new LinkedHashMap<>();
        for (Value conv : candidates) {
            chosen.put(conv, anyForm(conv));
        }
        return new FilteringPlan(graph, use, candidates, chosen);
    }

    private static FilteredForm anyForm(Value conv) {
        if (FilteredForm.isOfUpsampled(conv)) {
            return FilteredForm.UPSAMPLED;
        }
        int tiles = Tile.OF_4.count(conv.dim(2)) * Tile.OF_4.count(conv.dim(3));
        return tiles < Tile.OF_4.outputs() ? FilteredForm.FIRST_4 : FilteredForm.LAST_4;
    }

    /**
     * Transforms convolutions where that is predicted to be clearly faster, within a budget that goes to what saves most
     * seconds for a byte. Convolutions with one kernel have one form, so that a policy beside its base model is computed as it
     * is alone.
     */
    public static FilteringPlan byCost(Graph graph, Use use, Budget budget) {
        List<Value> candidates = candidates(graph);
        Map<TensorData, Value> first = new LinkedHashMap<>();
        candidates.forEach(conv -> first.putIfAbsent(conv.in(1).data(), conv));
        long kernels =
                first.keySet().stream().mapToLong(kernel -> 4L * kernel.size()).sum();
        FilteringChoice choice = new FilteringChoice(use.directions(), use.longest());
        Map<Value, FilteredForm> ofFirst = choice.within(budget.bytes(kernels), List.copyOf(first.values()));
        Map<Value, FilteredForm> chosen = new LinkedHashMap<>();
        for (Value conv : candidates) {
            FilteredForm form = ofFirst.get(first.get(conv.in(1).data()));
            if (form != null && form.fits(conv)) {
                chosen.put(conv, form);
            }
        }
        return new FilteringPlan(graph, use, candidates, chosen);
    }

    private static List<Value> candidates(Graph graph) {
        return graph.topologicalOrder().stream()
                .filter(value -> value.type() == DataType.FLOAT32 && MinimalFiltering.fits(value))
                .toList();
    }

    /** The graph in the chosen forms. The function stays the same up to rounding, about 3e-6 relative L2 for each. */
    public Graph apply(LoweredWeights weights) {
        if (chosen.isEmpty()) {
            return graph;
        }
        MinimalFiltering filtering = new MinimalFiltering(weights);
        return Rewriter.rewrite(graph, (original, rebuilt) -> {
            FilteredForm form = chosen.get(original);
            return form == null ? rebuilt : filtering.apply(rebuilt, form, use.longest());
        });
    }

    /** A line for every convolution that could be transformed, with its shapes and its form. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (Value conv : candidates) {
            FilteredForm form = chosen.get(conv);
            lines.add(conv.label() + ", " + conv.in(0).dim(1) + " to " + conv.dim(1) + " channels, " + conv.dim(2)
                    + " x " + conv.dim(3) + ": " + (form == null ? "direct" : form));
        }
        return lines;
    }

    /** For example {@code 30 of 46 convolutions of 3x3 by minimal filtering (30 in tiles of 4x4, channels last)}. */
    @Override
    public String toString() {
        Map<FilteredForm, Long> counts = chosen.values().stream()
                .collect(Collectors.groupingBy(form -> form, TreeMap::new, Collectors.counting()));
        return chosen.size() + " of " + candidates.size() + " convolutions of 3x3 by minimal filtering"
                + (chosen.isEmpty()
                        ? ""
                        : counts.entrySet().stream()
                                .map(count -> count.getValue() + " in " + count.getKey())
                                .collect(Collectors.joining("; ", " (", ")")));
    }
}
