package dev.rlcm.lora;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Adds low-rank adapters to the linear layers of a graph: x W becomes x W + (alpha / rank) (x A^T) B^T. */
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
     * @throws GraphException if no layer matches; the message lists the candidates
     */
    public static AdaptedGraph inject(Graph graph, LoraConfig config, String prefix) {
        Map<String, LoraSite> sites = new LinkedHashMap<>();
        for (LoraSite site : sites(graph)) {
            if (config.targets(site.path()) && sites.put(site.path(), site) != null) {
                throw new GraphException("two layers have the path " + site.path());
            }
        }
        if (sites.isEmpty()) {
            throw new GraphException("no linear layer matches the LoRA targets " + config.targets()
                    + "; choose among the modules " + candidates(graph));
        }
        Map<String, Value> factors = new LinkedHashMap<>();
        Graph adapted = Rewriter.rewrite(graph, value -> {
            LoraSite site =
                    LoraSite.at(value).filter(s -> sites.containsKey(s.path())).orElse(null);
            return site == null ? value : value.add(update(value.in(0), site, config, prefix, factors));
        });
        List<Value> ordered = sites.values().stream()
                .flatMap(s -> Stream.of(factors.get(prefix + s.keyA()), factors.get(prefix + s.keyB())))
                .toList();
        List<Value> inputs = new ArrayList<>(graph.inputs());
        inputs.addAll(ordered);
        return new AdaptedGraph(new Graph(inputs, adapted.outputs()), List.copyOf(sites.values()), ordered);
    }

    /** All layers of a graph that an adapter can change, in topological order. */
    public static List<LoraSite> sites(Graph graph) {
        return graph.topologicalOrder().stream()
                .flatMap(value -> LoraSite.at(value).stream())
                .toList();
    }

    private static Value update(Value x, LoraSite site, LoraConfig config, String prefix, Map<String, Value> factors) {
        DataType type = x.type();
        Value a = site.inputA(prefix, config.rank(), DataType.FLOAT32);
        Value b = site.inputB(prefix, config.rank(), DataType.FLOAT32);
        factors.put(a.label(), a);
        factors.put(b.label(), b);
        // Scaling B costs less than scaling the result.
        Value scaledB = b.mul(config.scale()).cast(type);
        return x.matmul(a.cast(type), false, true).matmul(scaledB, false, true);
    }

    /** The last parts of the candidates' paths, most frequent kinds once each. */
    private static List<String> candidates(Graph graph) {
        return sites(graph).stream()
                .map(LoraSite::path)
                .map(path -> path.replaceFirst(".*\\.(?=[^.]*[^.0-9][^.]*(\\.\\d+)*$)", ""))
                .distinct()
                .sorted()
                .toList();
    }
}
