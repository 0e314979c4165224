package dev.rlcm.examples.bench;

import dev.rlcm.graph.Graph;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/** Prints of several things in a row how long each took, how many nodes it left, and the heap that is in use after it. */
final class Phases {
    private final PrintWriter out;
    private long start = System.nanoTime();

    Phases(PrintWriter out) {
        this.out = out;
        out.printf(Locale.ROOT, "%n%-40s %8s %9s %9s%n", "", "s", "nodes", "heap, MB");
    }

    void end(String what) {
        end(what, List.of());
    }

    /** @param results the graphs that it made */
    void end(String what, Collection<Graph> results) {
        double seconds = (System.nanoTime() - start) * 1e-9;
        int nodes = results.stream()
                .mapToInt(graph -> graph.topologicalOrder().size())
                .sum();
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        long used = (runtime.totalMemory() - runtime.freeMemory()) >> 20;
        out.printf(Locale.ROOT, "%-40s %8.2f %9s %9d%n", what, seconds, nodes == 0 ? "" : nodes, used);
        out.flush();
        start = System.nanoTime();
    }

    /** The most that was in use at a time. */
    void printPeaks() throws IOException {
        long heap = ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .map(MemoryPoolMXBean::getPeakUsage)
                .mapToLong(usage -> usage.getUsed() >> 20)
                .sum();
        out.printf(Locale.ROOT, "%-40s %8s %9s %9d%n", "most heap in use", "", "", heap);
        out.printf(Locale.ROOT, "%-40s %28.2f%n", "peak memory of the process, GB", ProcessMemory.peak());
    }
}
