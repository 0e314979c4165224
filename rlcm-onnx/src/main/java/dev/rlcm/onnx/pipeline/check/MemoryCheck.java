package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.onnx.memory.MemoryEstimate;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What sampling and training will need, against what the machine has. */
final class MemoryCheck {
    private static final String MODEL = "model";

    private final CheckSettings settings;
    private final TextCheck text;
    private final LatentCheck latents;
    private final NetworkCheck network;
    private final Findings findings;
    private final StandInWeights weights = new StandInWeights();

    MemoryCheck(CheckSettings settings, TextCheck text, LatentCheck latents, NetworkCheck network, Findings findings) {
        this.settings = settings;
        this.text = text;
        this.latents = latents;
        this.network = network;
        this.findings = findings;
    }

    void run() {
        if (network.sampler().isEmpty()) {
            return;
        }
        findings.run(MODEL, () -> {
            List<Graph> sampling = new ArrayList<>();
            Stream.of(text.graph(), network.sampler(), latents.graph())
                    .flatMap(Optional::stream)
                    .map(weights::replace)
                    .forEach(sampling::add);
            report("sampling " + settings.batch() + " at a time", sampling);
            network.update().map(this::lowered).ifPresent(graph -> {
                sampling.add(graph);
                report("training with minibatches of " + settings.minibatch(), sampling);
            });
            return true;
        });
    }

    /** What an optimiser compiles, as far as memory is concerned. */
    private Graph lowered(Graph joint) {
        return Lowering.of(settings.runtime().memory()).withWeights(weights).lower(joint);
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
                    "use smaller batches or pictures, or a machine with more memory");
        }
    }
}
