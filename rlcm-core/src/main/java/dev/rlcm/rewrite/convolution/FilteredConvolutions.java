package dev.rlcm.rewrite.convolution;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Chooses which convolutions of a graph are computed by {@link MinimalFiltering}, and in which tiles. The choice is made
 * for one row, so that a sampler and a trainer of other batches compute the same numbers. Only FLOAT32 is rewritten: in 16
 * bits the transforms would lose too much. Stateless and thread-safe.
 */
public final class FilteredConvolutions {
    /** Below that share of the direct form's predicted time the form is taken; the rest is for what the model misses. */
    private static final double CLEARLY_FASTER = 0.8;

    private static final int FLOAT = 4;

    private FilteredConvolutions() {}

    /** A convolution in a form: what that saves a row, and what it takes in bytes more than direct kernels both ways. */
    private record Candidate(Value conv, Tile tile, double seconds, double bytes) {
        static Candidate of(Value conv, Tile tile) {
            double filters = (double) conv.dim(1) * conv.in(0).dim(1);
            double more = (double) tile.inputs() * tile.inputs() - Tile.TAPS * Tile.TAPS;
            return new Candidate(
                    conv,
                    tile,
                    FilteringCost.direct(conv) - FilteringCost.form(conv, tile),
                    2 * filters * more * FLOAT);
        }

        boolean isClearlyFaster() {
            return seconds > (1 - CLEARLY_FASTER) * FilteringCost.direct(conv);
        }
    }

    /** The same function, up to rounding of about 3e-6 relative L2 for a convolution, with all that can be in the form. */
    public static Graph everywhere(Graph graph, LoweredWeights weights) {
        Map<Value, Tile> chosen = new IdentityHashMap<>();
        candidates(graph).forEach(conv -> chosen.put(conv, Tile.OF_4));
        return apply(graph, chosen, weights);
    }

    /**
     * As {@link #everywhere}, where that is predicted to be clearly faster.
     *
     * @param share bytes that transformed kernels may take in addition to direct ones, of the bytes of all kernels that
     *     could be transformed, at least 0
     */
    public static Graph byCost(Graph graph, double share, LoweredWeights weights) {
        List<Value> convolutions = candidates(graph);
        double kernels = convolutions.stream()
                .mapToDouble(conv -> (double) conv.in(1).shape().size() * FLOAT)
                .sum();
        Map<Value, Tile> chosen = choose(convolutions, share * kernels);
        return apply(graph, chosen, weights);
    }

    private static Graph apply(Graph graph, Map<Value, Tile> chosen, LoweredWeights weights) {
        MinimalFiltering filtering = new MinimalFiltering(weights);
        return Rewriter.rewrite(graph, (original, rebuilt) -> {
            Tile tile = chosen.get(original);
            return tile == null ? rebuilt : filtering.apply(rebuilt, tile);
        });
    }

    /** The gradients of such convolutions with constants that lie as they are used; other nodes as they are. */
    public static Graph transposeConstants(Graph joint, LoweredWeights weights) {
        return MinimalFiltering.transposeConstants(joint, weights);
    }

    private static List<Value> candidates(Graph graph) {
        return graph.topologicalOrder().stream()
                .filter(FilteredConvolutions::isCandidate)
                .toList();
    }

    private static boolean isCandidate(Value value) {
        return value.type() == DataType.FLOAT32 && MinimalFiltering.fits(value);
    }

    /** What saves most seconds for a byte comes first; a convolution is transformed once, in its fastest form. */
    private static Map<Value, Tile> choose(List<Value> convolutions, double budget) {
        Map<Value, Tile> chosen = new IdentityHashMap<>();
        List<Candidate> candidates = new ArrayList<>();
        for (Value conv : convolutions) {
            Candidate two = Candidate.of(conv, Tile.OF_2);
            Candidate four = Candidate.of(conv, Tile.OF_4);
            candidates.add(two.seconds() > four.seconds() ? two : four);
        }
        candidates.removeIf(candidate -> !candidate.isClearlyFaster());
        candidates.sort(Comparator.comparingDouble(candidate -> -candidate.seconds() / candidate.bytes()));
        double left = budget;
        for (Candidate candidate : candidates) {
            if (candidate.bytes() <= left) {
                chosen.put(candidate.conv(), candidate.tile());
                left -= candidate.bytes();
            }
        }
        return chosen;
    }
}
