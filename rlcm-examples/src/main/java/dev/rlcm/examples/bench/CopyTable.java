package dev.rlcm.examples.bench;

import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.Traffic;
import java.io.PrintWriter;
import java.util.Collection;

/** What a run of each kind carries to a device and back, as counted when it ran, and how long a bus would take for it. */
final class CopyTable {
    /** PCI Express 4.0 with 16 lanes, as measured rather than named. */
    private static final double BUS_BYTES_PER_SECOND = 25e9;

    private CopyTable() {}

    /** @param factors the adapter's, which both kinds of run are given */
    static void print(PrintWriter out, Traffic forward, Traffic update, Collection<TensorData> factors) {
        out.printf(
                "%n%-34s %9s %9s %9s%n",
                "copies of a run on a device", "tensors", "MB", "ms at " + Math.round(BUS_BYTES_PER_SECOND * 1e-9));
        row(out, "forward, there", forward.tensorsIn(), forward.bytesIn());
        row(out, "forward, back", forward.tensorsOut(), forward.bytesOut());
        row(out, "update, there", update.tensorsIn(), update.bytesIn());
        row(out, "update, back", update.tensorsOut(), update.bytesOut());
        long bytes =
                factors.stream().mapToLong(factor -> factor.bytes().remaining()).sum();
        row(out, "of each: the adapter's factors", factors.size(), bytes);
        out.flush();
    }

    private static void row(PrintWriter out, String name, long tensors, long bytes) {
        out.printf("  %-32s %9d %9.3f %9.3f%n", name, tensors, bytes * 1e-6, bytes / BUS_BYTES_PER_SECOND * 1e3);
    }
}
