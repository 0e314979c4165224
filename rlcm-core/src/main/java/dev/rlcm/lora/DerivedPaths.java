package dev.rlcm.lora;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Module paths for layers whose own names tell none, as tools leave them that number nodes and transpose weights
 * ({@code node_17}, {@code onnx::MatMul_4}). What is around such a layer often has its name still:
 *
 * <ol>
 *   <li>the bias that is added to its result, {@code <path>.bias};
 *   <li>for the projections of an attention, one of the others that is known, such as {@code <block>.to_out.0};
 *   <li>or the norm that the queries are made of: of {@code <block>.norm2} those of {@code <block>.attn2}, of
 *       {@code <block>.group_norm} those of the block itself, as diffusers builds them.
 * </ol>
 *
 * <p>Attention has to be raised to single operators. Where all of that is lost too, the layer stays without a path.
 */
final class DerivedPaths {
    private static final String BIAS = ".bias";
    private static final String OUT = "to_out.0";
    private static final List<String> PROJECTIONS = List.of("to_q", "to_k", "to_v");

    private final Neighbours neighbours;
    private final IdentityHashMap<Value, String> derived = new IdentityHashMap<>();

    private DerivedPaths(Graph graph) {
        neighbours = new Neighbours(graph);
    }

    /** The same graph, layers that were without a path labelled by it where one can be told. */
    static Graph label(Graph graph) {
        List<Value> order = graph.topologicalOrder();
        if (order.stream().noneMatch(DerivedPaths::isNameless)) {
            return graph;
        }
        DerivedPaths paths = new DerivedPaths(graph);
        order.stream().filter(DerivedPaths::isNameless).forEach(paths::byBias);
        order.stream().filter(value -> value.is(Op.ATTENTION)).forEach(paths::byAttention);
        return paths.relabelled(graph);
    }

    /** Whether the node is a layer that an adapter could change if it had a path. */
    static boolean isNameless(Value node) {
        return weight(node).filter(w -> ModulePath.of(node, w).isEmpty()).isPresent() && !ModulePath.isPlaced(node);
    }

    private static Optional<Value> weight(Value node) {
        return switch (node.op()) {
            case MATMUL -> LinearLayer.weightOperand(node).map(operand -> LoraLayer.source(node.in(operand)));
            case CONV -> ConvolutionLayer.isGrouped(node)
                    ? Optional.empty()
                    : Optional.of(LoraLayer.source(node.in(1))).filter(w -> w.is(Op.CONSTANT));
            default -> Optional.empty();
        };
    }

    private Optional<String> path(Value layer) {
        return Optional.ofNullable(derived.get(layer))
                .or(() -> weight(layer).flatMap(weight -> ModulePath.of(layer, weight)));
    }

    private void byBias(Value layer) {
        Optional<Value> bias = layer.is(Op.CONV)
                ? Optional.of(layer.inputs()).filter(in -> in.size() == 3).map(in -> LoraLayer.source(in.get(2)))
                : neighbours.addedTo(layer);
        bias.map(Value::label)
                .filter(name -> name.endsWith(BIAS) && name.length() > BIAS.length())
                .ifPresent(name -> derived.put(layer, name.substring(0, name.length() - BIAS.length())));
    }

    private void byAttention(Value attention) {
        Map<String, Value> layers = new LinkedHashMap<>();
        for (int i = 0; i < PROJECTIONS.size(); i++) {
            String name = PROJECTIONS.get(i);
            neighbours.layerBefore(attention.in(i)).ifPresent(layer -> layers.put(name, layer));
        }
        if (layers.values().stream().distinct().count() < PROJECTIONS.size()) {
            return; // One product makes several of the three, or something else than a layer does.
        }
        neighbours.layerAfter(attention).ifPresent(layer -> layers.put(OUT, layer));
        block(layers)
                .ifPresent(block -> layers.forEach((name, layer) -> {
                    if (path(layer).isEmpty()) {
                        derived.put(layer, block + "." + name);
                    }
                }));
    }

    private Optional<String> block(Map<String, Value> layers) {
        for (Map.Entry<String, Value> entry : layers.entrySet()) {
            Optional<String> block = path(entry.getValue())
                    .filter(path -> path.endsWith("." + entry.getKey()))
                    .map(path ->
                            path.substring(0, path.length() - entry.getKey().length() - 1));
            if (block.isPresent()) {
                return block;
            }
        }
        return neighbours.normBefore(layers.get(PROJECTIONS.get(0))).flatMap(DerivedPaths::blockOfNorm);
    }

    private static Optional<String> blockOfNorm(String norm) {
        int dot = norm.lastIndexOf('.');
        String name = norm.substring(dot + 1);
        if (dot > 0 && name.equals("group_norm")) {
            return Optional.of(norm.substring(0, dot));
        }
        return dot > 0 && (name.equals("norm1") || name.equals("norm2"))
                ? Optional.of(norm.substring(0, dot) + ".attn" + name.charAt(name.length() - 1))
                : Optional.empty();
    }

    private Graph relabelled(Graph graph) {
        return Rewriter.rewrite(graph, (original, rebuilt) -> {
            String path = derived.get(original);
            return path == null
                    ? rebuilt
                    : Value.of(
                            rebuilt.op(), rebuilt.attributes(), rebuilt.inputs(), ModulePath.label(path, rebuilt.op()));
        });
    }
}
