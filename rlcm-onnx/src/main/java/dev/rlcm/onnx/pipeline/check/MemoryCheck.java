package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.memory.MemoryEstimate;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.folding.ConstantFolding;
import dev.rlcm.rewrite.lowering.CommonSubexpressions;
import dev.rlcm.rewrite.lowering.Decompositions;
import dev.rlcm.rewrite.lowering.RotatedKernels;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What sampling and training will need, against what the machine has. */
final class MemoryCheck {
    private static final String MODEL = "model";

    /** Larger constants are left alone when the graphs are simplified, so that nothing large is computed. */
    private static final long LARGE_BYTES = 1 << 16;

    private final CheckSettings settings;
    private final TextCheck text;
    private final LatentCheck latents;
    private final NetworkCheck network;
    private final Findings findings;
    private final IdentityHashMap<TensorData, String> names = new IdentityHashMap<>();
    private final Set<String> weights = new HashSet<>();

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
                    .map(this::withoutWeights)
                    .forEach(sampling::add);
            report("sampling " + settings.batch() + " at a time", sampling);
            network.update().map(this::update).ifPresent(graph -> {
                sampling.add(graph);
                report("training with minibatches of " + settings.minibatch(), sampling);
            });
            return true;
        });
    }

    private void report(String what, List<Graph> graphs) {
        MemoryEstimate estimate = MemoryEstimate.of(graphs, settings.runtime(), weights);
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

    /** What an optimiser compiles, as far as memory is concerned. */
    private Graph update(Graph joint) {
        boolean small = settings.runtime().memory() == MemoryPolicy.SMALL;
        Graph faster = small
                ? joint
                : RotatedKernels.apply(Decompositions.decompose(joint, Gradients::shareForward), this::rotated);
        return CommonSubexpressions.merge(ConstantFolding.apply(withoutWeights(faster)));
    }

    /** In place of a rotated kernel. */
    private Value rotated(Value transposed) {
        Value kernel = transposed.in(1);
        int group = transposed.attributes().integer("group");
        Shape shape = kernel.shape().with(0, kernel.dim(1) * group).with(1, kernel.dim(0) / group);
        String name = "rotated weight " + weights.size();
        weights.add(name);
        return Value.input(name, kernel.type(), shape);
    }

    private Graph withoutWeights(Graph graph) {
        IdentityHashMap<Value, Value> inputs = new IdentityHashMap<>();
        return Rewriter.rewrite(graph, value -> {
            if (!value.is(Op.CONSTANT) || value.data().bytes().remaining() < LARGE_BYTES) {
                return value;
            }
            return inputs.computeIfAbsent(value, constant -> {
                String name = names.computeIfAbsent(value.data(), data -> "weight " + names.size());
                weights.add(name);
                return Value.input(name, value.type(), value.shape());
            });
        });
    }
}
