package dev.rlcm.lora;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The layers of a graph by path, in topological order. A module that is called several times is one site with several
 * nodes. What looks like a layer but cannot be adapted is kept with the reason, for whoever asks for it by name.
 */
final class LoraLayers {
    private static final int NAMELESS_SHOWN = 3;

    private final Map<String, List<LoraLayer>> byPath = new LinkedHashMap<>();
    private final Map<String, String> refused = new TreeMap<>();
    private final List<String> nameless = new ArrayList<>();

    private LoraLayers() {}

    static LoraLayers of(Graph graph) {
        LoraLayers layers = new LoraLayers();
        graph.topologicalOrder().forEach(layers::visit);
        layers.byPath.keySet().removeAll(layers.refused.keySet());
        return layers;
    }

    private void visit(Value node) {
        LoraLayer.at(node).ifPresent(layer -> {
            List<LoraLayer> same = byPath.computeIfAbsent(layer.site().path(), path -> new ArrayList<>());
            same.add(layer);
            if (!isSameModule(same.get(0), layer)) {
                refused.put(layer.site().path(), "two layers of different weights have this path");
            }
        });
        if (DerivedPaths.isNameless(node)) {
            nameless.add(node.label() + " of weight "
                    + LoraLayer.source(node.in(LoraLayer.source(node.in(1)).is(Op.CONSTANT) ? 1 : 0))
                            .label());
        }
        if (node.is(Op.CONV) && ConvolutionLayer.isGrouped(node)) {
            ModulePath.of(node, LoraLayer.source(node.in(1)))
                    .ifPresent(path -> refused.put(path, "a convolution with groups"));
        }
    }

    private static boolean isSameModule(LoraLayer first, LoraLayer second) {
        if (first == second) {
            return true;
        }
        if (!first.site().equals(second.site()) || first.outputsFirst() != second.outputsFirst()) {
            return false;
        }
        TensorData one = first.weight();
        TensorData other = second.weight();
        return one == other
                || (one.type() == other.type()
                        && one.shape().equals(other.shape())
                        && one.bytes().equals(other.bytes()));
    }

    List<LoraSite> sites() {
        return byPath.values().stream().map(same -> same.get(0).site()).toList();
    }

    /**
     * The sites that are meant.
     *
     * @throws GraphException if there is none, or one that is named cannot be adapted
     */
    List<LoraSite> select(LoraTargets targets) {
        Map<String, String> wanted = new TreeMap<>(refused);
        wanted.keySet().removeIf(Predicate.not(targets::name));
        if (!wanted.isEmpty()) {
            throw new GraphException("cannot adapt the layers " + wanted + "; leave them out of the LoRA targets "
                    + targets + ", or give paths of their own to layers that share one (LoraInjection.withPaths)");
        }
        List<LoraSite> chosen = sites().stream().filter(targets::include).toList();
        if (chosen.isEmpty()) {
            throw new GraphException("no layer matches the LoRA targets " + targets
                    + (byPath.isEmpty() ? "" : "; choose among the modules " + candidates())
                    + (byPath.isEmpty() || !nameless.isEmpty() ? "; " + remedyForNameless() : ""));
        }
        return chosen;
    }

    private String remedyForNameless() {
        return "no name tells the modules of " + nameless.size() + " layers "
                + nameless.subList(0, Math.min(NAMELESS_SHOWN, nameless.size()))
                + "; give their paths by hand, by the name of node or weight (LoraInjection.withPaths, or --path of the"
                + " commands)";
    }

    /** The last parts of the candidates' paths, most frequent kinds once each. */
    private List<String> candidates() {
        return byPath.keySet().stream()
                .map(ModulePath::kind)
                .distinct()
                .sorted()
                .toList();
    }
}
