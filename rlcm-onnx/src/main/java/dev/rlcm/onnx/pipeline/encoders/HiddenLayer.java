package dev.rlcm.onnx.pipeline.encoders;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The hidden states of one layer of a transformer: layer 0 is the embeddings, layer k what the k-th block returns. They are
 * an output {@code hidden_states.<k>} or, in exports that return the last layer only, what the block after it reads.
 */
final class HiddenLayer {
    static final String LAST = "last_hidden_state";
    private static final String OUTPUTS = "hidden_states.";
    private static final Pattern BLOCK = Pattern.compile("(?:^|[./])layers?[./](\\d+)[./]");

    private HiddenLayer() {}

    /**
     * The last layer that the graph computes, [B,S,D].
     *
     * @throws IllegalArgumentException if it is not an output
     */
    static Value last(Graph graph, Path file) {
        Value states = graph.outputs().get(LAST);
        if (states == null || states.rank() != 3) {
            throw new IllegalArgumentException(file + " has no output " + LAST
                    + " [batch, sequence, width], but " + graph.outputs().keySet()
                    + "; export the model with --task feature-extraction");
        }
        return states;
    }

    /**
     * A layer by number, [B,S,D].
     *
     * @throws IllegalArgumentException if the graph has no such layer, or does not tell where it is
     */
    static Value of(Graph graph, int layer, Path file) {
        Value named = graph.outputs().get(OUTPUTS + layer);
        if (named != null) {
            return named;
        }
        Value last = last(graph, file);
        int blocks = graph.topologicalOrder().stream()
                        .flatMapToInt(value -> block(value).stream())
                        .max()
                        .orElse(-1)
                + 1;
        if (layer == blocks && blocks > 0) {
            return last;
        }
        return readByBlock(graph, layer, last)
                .orElseThrow(() -> new IllegalArgumentException(file + " has no layer " + layer + ": "
                        + (blocks == 0 ? "its operators do not tell which layer they are of" : "it has 0 to " + blocks)
                        + ", and its outputs are " + graph.outputs().keySet()
                        + "; choose another, export the model with the outputs " + OUTPUTS + "<layer>, or cut it after"
                        + " that layer before the export and load it without naming one"));
    }

    /** What of that shape enters a block. */
    private static Optional<Value> readByBlock(Graph graph, int block, Value like) {
        Set<Value> read = graph.topologicalOrder().stream()
                .filter(value -> isIn(value, block))
                .flatMap(value -> value.inputs().stream())
                .filter(value -> value.shape().equals(like.shape()) && isComputedBefore(value, block))
                .collect(Collectors.toSet());
        return read.size() == 1 ? Optional.of(read.iterator().next()) : Optional.empty();
    }

    /** Neither of weights alone, as DeBERTa's table of positions, nor in the block, where fused exports lose names. */
    private static boolean isComputedBefore(Value value, int block) {
        List<Value> origins = Graph.topologicalOrder(List.of(value));
        return origins.stream().anyMatch(origin -> origin.is(Op.INPUT))
                && origins.stream().noneMatch(origin -> isIn(origin, block));
    }

    private static boolean isIn(Value value, int block) {
        return block(value).equals(OptionalInt.of(block));
    }

    private static OptionalInt block(Value value) {
        Matcher matcher = BLOCK.matcher(value.label());
        return matcher.find() ? OptionalInt.of(Integer.parseInt(matcher.group(1))) : OptionalInt.empty();
    }
}
