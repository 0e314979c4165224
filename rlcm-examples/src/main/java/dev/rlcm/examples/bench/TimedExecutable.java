package dev.rlcm.examples.bench;

import dev.rlcm.backend.Executable;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.Traffic;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** An executable that keeps the time of every run, and what the last one copied. */
final class TimedExecutable implements Executable {
    private final Graph graph;
    private final Executable executable;
    private final List<Long> runs = new ArrayList<>();
    private final Supplier<Traffic> traffic;
    private Map<String, TensorData> lastOutputs = Map.of();
    private Traffic lastTraffic = Traffic.NONE;

    /** @param traffic of all executables of the backend so far; they must not run at the same time */
    TimedExecutable(Graph graph, Executable executable, Supplier<Traffic> traffic) {
        this.graph = graph;
        this.executable = executable;
        this.traffic = traffic;
    }

    Graph graph() {
        return graph;
    }

    /** Operators of the graph as it was handed over; the backend may split or merge them. */
    long nodes() {
        return graph.topologicalOrder().stream()
                .filter(value -> !value.is(Op.INPUT) && !value.is(Op.CONSTANT))
                .count();
    }

    /** What the last run was given and gave back. */
    synchronized Traffic lastTraffic() {
        return lastTraffic;
    }

    /** Time of all runs. */
    synchronized long nanos() {
        return runs.stream().mapToLong(Long::longValue).sum();
    }

    /** Times of all runs but the first, which allocates memory. */
    synchronized Times timesWithoutFirst() {
        Times times = new Times();
        runs.stream().skip(1).forEach(times::add);
        return times;
    }

    /** Time of the last run. */
    synchronized long lastNanos() {
        return runs.get(runs.size() - 1);
    }

    /** What the last run gave, in the tensors that the caller may use again. */
    synchronized Map<String, TensorData> lastOutputs() {
        return lastOutputs;
    }

    @Override
    public Map<String, TensorData> run(Map<String, TensorData> inputs) {
        Traffic before = traffic.get();
        long start = System.nanoTime();
        Map<String, TensorData> outputs = executable.run(inputs);
        keep(System.nanoTime() - start, outputs, before);
        return outputs;
    }

    @Override
    public void run(Map<String, TensorData> inputs, Map<String, TensorData> outputs) {
        Traffic before = traffic.get();
        long start = System.nanoTime();
        executable.run(inputs, outputs);
        keep(System.nanoTime() - start, outputs, before);
    }

    private synchronized void keep(long nanos, Map<String, TensorData> outputs, Traffic before) {
        runs.add(nanos);
        lastOutputs = outputs;
        lastTraffic = traffic.get().since(before);
    }

    @Override
    public void close() {
        executable.close();
    }
}
