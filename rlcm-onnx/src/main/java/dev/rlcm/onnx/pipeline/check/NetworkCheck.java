package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.AdaptedGraph;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.lora.LoraSite;
import dev.rlcm.lora.LoraTargets;
import dev.rlcm.onnx.pipeline.Denoiser;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Whether the UNet can be imported, adapted and differentiated, and what of it runs slowly. */
final class NetworkCheck {
    private final String name;

    private final CheckSettings settings;
    private final Lowering lowering;
    private final Findings findings;

    private NetworkCheck(String name, CheckSettings settings, Lowering lowering, Findings findings) {
        this.name = name;
        this.settings = settings;
        this.lowering = lowering;
        this.findings = findings;
    }

    /**
     * A UNet that can be imported.
     *
     * @param sampler the network with its adapter for the batch, as a sampler compiles it
     * @param update the same with the gradients of the adapter for the minibatch, if it can be differentiated
     */
    record Network(Graph sampler, Optional<Graph> update) {}

    /** @param lowering with stand-ins for weights */
    static Optional<Network> run(
            String name, Denoiser unet, CheckSettings settings, Lowering lowering, Findings findings) {
        return new NetworkCheck(name, settings, lowering, findings).run(unet);
    }

    private Optional<Network> run(Denoiser unet) {
        return findings.attempt(name, () -> unet.graph(settings.batch())).flatMap(graph -> {
            SlowOperators.check(name, graph, findings);
            checkQuantisation(graph);
            checkTargets(graph);
            Graph sampled =
                    adapted(graph, settings.lora()).map(AdaptedGraph::graph).orElse(graph);
            Optional<Graph> update = findings.attempt(name, () -> unet.graph(settings.minibatch()))
                    .flatMap(rows -> adapted(rows, settings.lora()))
                    .flatMap(this::differentiated);
            findings.run(
                    name,
                    () -> findings.info(
                            name,
                            lowering.convolutionsOfForward(sampled) + ", as "
                                    + settings.runtime().convolutions() + " has it"));
            return findings.attempt(name, () -> lowering.forward(sampled)).map(sampler -> new Network(sampler, update));
        });
    }

    private Optional<AdaptedGraph> adapted(Graph graph, LoraConfig lora) {
        return findings.attempt("adapter", () -> LoraInjection.inject(graph, lora));
    }

    private void checkQuantisation(Graph graph) {
        int quantised = QuantisedLayers.count(graph);
        if (quantised > 0) {
            findings.info(
                    name,
                    quantised + " layers are quantised at run time: gradients are straight-through estimates, and"
                            + " adapters beside the layers are not quantised");
        }
    }

    private void checkTargets(Graph graph) {
        List<LoraSite> sites = LoraInjection.sites(graph);
        LoraConfig lora = settings.lora();
        Map<String, Integer> matched = new LinkedHashMap<>();
        for (String target : lora.targets().patterns()) {
            LoraTargets single = LoraTargets.of(target);
            int count = (int) sites.stream().filter(single::include).count();
            if (count > 0) {
                matched.put(target, count);
            }
        }
        List<String> unmatched = lora.targets().patterns().stream()
                .filter(target -> !matched.containsKey(target))
                .toList();
        // Where nothing matches, injecting the adapter fails and says so.
        if (!matched.isEmpty()) {
            if (!unmatched.isEmpty()) {
                findings.warn(
                        "adapter",
                        "no layer matches " + String.join(", ", unmatched),
                        "choose among the layers " + groups(sites));
            }
            findings.info(
                    "adapter",
                    "rank " + lora.rank() + " adapts, of " + sites.size() + " layers that could be, " + matched);
        }
    }

    /** Kinds of layers, with how many there are of each. */
    private static Map<String, Integer> groups(List<LoraSite> sites) {
        Map<String, Integer> groups = new TreeMap<>();
        for (LoraSite site : sites) {
            groups.merge(site.kind(), 1, Integer::sum);
        }
        return groups;
    }

    private Optional<Graph> differentiated(AdaptedGraph adapted) {
        Value output = adapted.graph().outputs().values().iterator().next();
        Value upstream = Value.input("upstream", output.type(), output.shape());
        Map<String, Value> gradients = new LinkedHashMap<>();
        adapted.factors().forEach(factor -> gradients.put("gradient." + factor.label(), factor));
        return findings.attempt(name, () -> {
            Graph forward = lowering.forward(Graph.of("output", output));
            return lowering.joint(forward, Map.of("output", upstream), gradients);
        });
    }
}
