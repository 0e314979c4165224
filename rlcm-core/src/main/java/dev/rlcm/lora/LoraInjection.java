package dev.rlcm.lora;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Adds low-rank adapters to the layers of a graph: W x becomes W x + (alpha / rank) B A x, where W is a linear layer in
 * any form or a convolution. A layer whose names tell no module path gets one from what is around it, such as its bias or,
 * in attention that is raised to single operators, the other projections. Stateless and thread-safe.
 */
public final class LoraInjection {
    private LoraInjection() {}

    /** Injects an adapter whose factors are named {@code <path>.lora_A.weight} and {@code <path>.lora_B.weight}. */
    public static AdaptedGraph inject(Graph graph, LoraConfig config) {
        return inject(graph, config, "");
    }

    /**
     * Injects an adapter; several may be stacked on one base under different prefixes.
     *
     * @param prefix put before the names of the factors, to tell adapters apart
     * @throws GraphException if no layer matches (the message lists the candidates), or if a target names a layer that
     *     cannot be adapted, such as a convolution with groups
     */
    public static AdaptedGraph inject(Graph graph, LoraConfig config, String prefix) {
        return inject(DerivedPaths.label(graph), config, sites(graph, config), prefix);
    }

    /**
     * Injects an adapter into the very layers it has weights for.
     *
     * @throws GraphException if the graph lacks one of them, or has it in another size
     */
    public static AdaptedGraph inject(Graph graph, LoraAdapter adapter) {
        requireSites(graph, adapter);
        return inject(DerivedPaths.label(graph), adapter.config(), adapter.sites(), "");
    }

    static void requireSites(Graph graph, LoraAdapter adapter) {
        Set<LoraSite> missing = new HashSet<>(adapter.sites());
        missing.removeAll(Set.copyOf(sites(graph)));
        if (!missing.isEmpty()) {
            throw new GraphException("the adapter is of another model: this one does not have the layers " + missing);
        }
    }

    /** All layers of a graph that an adapter can change, in topological order. */
    public static List<LoraSite> sites(Graph graph) {
        return LoraLayers.of(DerivedPaths.label(graph)).sites();
    }

    /**
     * The layers of a graph that an adapter of that configuration changes, in topological order.
     *
     * @throws GraphException as {@link #inject(Graph, LoraConfig, String)}
     */
    public static List<LoraSite> sites(Graph graph, LoraConfig config) {
        return LoraLayers.of(DerivedPaths.label(graph)).select(config.targets());
    }

    /**
     * The same graph with module paths for nodes whose names tell none, or a wrong one.
     *
     * @param paths module paths by the label of the layer's node, or of its weight
     * @throws GraphException if there is no layer with such a label
     */
    public static Graph withPaths(Graph graph, Map<String, String> paths) {
        Set<String> unused = new TreeSet<>(paths.keySet());
        Graph named = Rewriter.rewrite(graph, value -> {
            Optional<String> key =
                    labels(value).stream().filter(paths::containsKey).findFirst();
            key.ifPresent(unused::remove);
            return key.map(k -> relabelled(value, paths.get(k))).orElse(value);
        });
        if (!unused.isEmpty()) {
            throw new GraphException("no linear layer or convolution, and no weight of one, is named " + unused);
        }
        return named;
    }

    /** The names a layer can be called by: its own, and that of a constant it works with. */
    private static List<String> labels(Value value) {
        if (!value.is(Op.MATMUL) && !value.is(Op.CONV)) {
            return List.of();
        }
        Stream<String> weights = value.inputs().stream()
                .limit(2)
                .map(LoraLayer::source)
                .filter(source -> source.is(Op.CONSTANT))
                .map(Value::label);
        return Stream.concat(Stream.of(value.label()), weights).toList();
    }

    private static Value relabelled(Value value, String path) {
        return Value.of(value.op(), value.attributes(), value.inputs(), ModulePath.label(path, value.op()));
    }

    private static AdaptedGraph inject(Graph graph, LoraConfig config, List<LoraSite> sites, String prefix) {
        Map<LoraSite, Factors> factors = new LinkedHashMap<>();
        sites.forEach(site -> factors.put(site, Factors.of(site, config, prefix)));
        Graph adapted = Rewriter.rewrite(graph, value -> LoraLayer.at(value)
                .filter(layer -> factors.containsKey(layer.site()))
                .map(layer -> value.add(factors.get(layer.site()).update(layer)))
                .orElse(value));
        List<Value> inputs =
                factors.values().stream().flatMap(f -> f.inputs().stream()).toList();
        List<Value> all = new ArrayList<>(graph.inputs());
        all.addAll(inputs);
        return new AdaptedGraph(new Graph(all, adapted.outputs()), sites, inputs);
    }

    /** The factors of a site; scaling B costs less than scaling the result. */
    private record Factors(Value a, Value b, Value scaledB) {
        static Factors of(LoraSite site, LoraConfig config, String prefix) {
            Value b = site.inputB(prefix, config.rank());
            return new Factors(site.inputA(prefix, config.rank()), b, b.mul(config.scale()));
        }

        Value update(LoraLayer layer) {
            return layer.update(
                    a.cast(layer.node().type()), scaledB.cast(layer.node().type()));
        }

        List<Value> inputs() {
            return List.of(a, b);
        }
    }
}
