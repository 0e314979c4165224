package dev.rlcm.onnx.memory;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.exporter.Dialect;
import dev.rlcm.onnx.exporter.OnnxExporter;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What running graphs on the CPU will add to the resident memory of a process at most, in bytes, without compiling them.
 * Right within 20 % on the models in {@code docs/performance.md}. Weights stay unread.
 *
 * @param weights the graphs' constants, each counted once however many graphs share it
 * @param sessions what the sessions hold besides: copies of constants in the layout of the kernels, as far as the options
 *     allow, and the nodes
 * @param activations the results of nodes that are alive at a time, as ONNX Runtime plans their buffers; summed over the
 *     sessions if each keeps its own in an arena
 * @param ports the tensors that are fed and fetched
 */
public record MemoryEstimate(long weights, long sessions, long activations, long ports) {
    /**
     * A Java process with the native libraries and a model of moderate size, without what is estimated here: metaspace,
     * compiled code, libraries, and 100 MB of heap. Measured.
     */
    public static final long PROCESS = 200L << 20;

    /** A session's fixed part, and what it holds for a node: measured with ONNX Runtime 1.28. */
    private static final long PER_SESSION = 20L << 20;

    private static final long PER_NODE = 3 << 10;

    /** Estimates one graph, forward or with gradients. */
    public static MemoryEstimate of(Graph graph, OrtOptions options) {
        return of(List.of(graph), options);
    }

    /** Estimates graphs that are compiled on one backend and run one after the other. */
    public static MemoryEstimate of(Collection<Graph> graphs, OrtOptions options) {
        return of(graphs, options, Set.of());
    }

    /**
     * Estimates graphs some of whose inputs stand for weights, so that nothing has to be computed with them to find out.
     *
     * @param weightInputs names of such inputs; equal names in several graphs are one weight
     */
    public static MemoryEstimate of(Collection<Graph> graphs, OrtOptions options, Set<String> weightInputs) {
        Set<Object> counted = new HashSet<>();
        long weights = 0;
        long sessions = 0;
        long activations = 0;
        long ports = 0;
        for (Graph graph : graphs) {
            Graph written = OnnxExporter.withOnnxForm(graph, Dialect.RUNTIME_CPU);
            Weights fixed = Weights.of(written, weightInputs, options);
            List<SessionStep> steps = SessionSteps.of(written, fixed);
            long copies = written.topologicalOrder().stream()
                    .filter(fixed::runsBlocked)
                    .mapToLong(value -> Weights.bytes(value.in(1)))
                    .sum();
            for (Value value : fixed.used()) {
                copies += fixed.copied(value);
                weights += counted.add(identity(value)) ? Weights.bytes(value) : 0;
            }
            sessions += copies + PER_SESSION + steps.size() * PER_NODE;
            long peak = BufferPlan.peak(BufferPlan.of(steps));
            activations = options.memoryArena() ? activations + peak : Math.max(activations, peak);
            ports += graph.inputs().stream()
                            .filter(input -> !weightInputs.contains(input.label()))
                            .mapToLong(Weights::bytes)
                            .sum()
                    + graph.outputs().values().stream()
                            .mapToLong(Weights::bytes)
                            .sum();
        }
        return new MemoryEstimate(weights, sessions, activations, ports);
    }

    /** What two equal weights of different graphs have in common. */
    private static Object identity(Value weight) {
        return weight.is(Op.CONSTANT) ? weight.data() : weight.is(Op.INPUT) ? weight.label() : weight;
    }

    /** All of it. */
    public long total() {
        return weights + sessions + activations + ports;
    }

    /** For example {@code 1480 MB: weights 325, sessions 620, activations 530, inputs and outputs 5}. */
    @Override
    public String toString() {
        return megabytes(total()) + " MB: weights " + megabytes(weights) + ", sessions " + megabytes(sessions)
                + ", activations " + megabytes(activations) + ", inputs and outputs " + megabytes(ports);
    }

    private static long megabytes(long bytes) {
        return Math.round(bytes / (double) (1 << 20));
    }
}
