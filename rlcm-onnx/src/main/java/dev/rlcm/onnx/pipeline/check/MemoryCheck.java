package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.onnx.memory.MemoryEstimate;
import dev.rlcm.onnx.pipeline.check.NetworkCheck.Network;
import dev.rlcm.rewrite.lowering.StandInWeights;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** What sampling and training will need, against what the machine has. */
final class MemoryCheck {
    private static final String MODEL = "model";

    private final CheckSettings settings;
    private final Findings findings;
    private final StandInWeights weights;
    private final Lowering lowering;

    private MemoryCheck(CheckSettings settings, StandInWeights weights, Lowering lowering, Findings findings) {
        this.settings = settings;
        this.weights = weights;
        this.lowering = lowering;
        this.findings = findings;
    }

    /**
     * Reports the memory.
     *
     * @param others the graphs that sampling runs besides the network
     * @param weights stand-ins that the network's graphs were lowered with, as others will be
     */
    static void run(
            Network network,
            List<Graph> others,
            CheckSettings settings,
            StandInWeights weights,
            Lowering lowering,
            Findings findings) {
        findings.run(MODEL, () -> new MemoryCheck(settings, weights, lowering, findings).run(network, others));
    }

    private void run(Network network, List<Graph> others) {
        List<Graph> graphs = new ArrayList<>();
        graphs.add(weights.replace(network.sampler()));
        others.forEach(graph -> graphs.add(weights.replace(graph)));
        report("sampling " + settings.batch() + " at a time", graphs);
        network.update().map(lowering::lower).ifPresent(graph -> {
            graphs.add(graph);
            report("training with minibatches of " + settings.minibatch(), graphs);
        });
    }

    private void report(String what, List<Graph> graphs) {
        MemoryEstimate estimate = MemoryEstimate.of(graphs, settings.runtime(), weights.names());
        long total = estimate.total() + MemoryEstimate.PROCESS;
        findings.info(
                MODEL,
                what + " will take about " + (total >> 20) + " MB on the CPU, of which the Java process "
                        + (MemoryEstimate.PROCESS >> 20) + " MB, the model " + estimate);
        if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean machine
                && total > machine.getTotalMemorySize()) {
            findings.warn(
                    MODEL,
                    what + " will take " + (total >> 20) + " MB, the machine has "
                            + (machine.getTotalMemorySize() >> 20) + " MB",
                    "use " + remedies());
        }
    }

    private String remedies() {
        return (settings.runtime().memory() == MemoryPolicy.SMALL ? "" : "the memory policy SMALL, ")
                + (settings.embeddings().isPresent() ? "" : "embeddings of the prompts in place of text encoders, ")
                + "smaller batches or pictures, or a machine with more memory";
    }
}
